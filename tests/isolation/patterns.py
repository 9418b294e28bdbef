"""The patterns of the isolation matrix: what every caller gets on everybody's things. `matrix.py` says which operation
has which pattern.

Targets, seen from the caller:

    own           what the caller made, is in, or administers
    colleague's   a record that another member of organization Credit of tenant one shares with it
    personal      a personal record, or the own account, of another member of Credit
    organization  what belongs to organization Treasury of tenant one
    tenant        what belongs to tenant two
    system        what belongs to the platform; Credit does not share it
    deleted       what was the caller's own, and is deleted

Callers: nobody (without a token, with the token of an ended session, with an expired one), super_admin, tenant_admin
(of tenant one), org_admin and org_member (of Credit), api_key (of that member, with every scope of records), user (has
joined nobody).

Cells: `ok` is success, `sees` and `same` are lists and figures that change, or do not, with the target's things there;
a number is the status of the refusal; `-` means that there is no such target.
"""

from collections.abc import Mapping

CALLERS = ("nobody", "super_admin", "tenant_admin", "org_admin", "org_member", "api_key", "user")
TARGETS = ("own", "colleague's", "personal", "organization", "tenant", "system", "deleted")
OK, SEES, SAME, NONE = "ok", "sees", "same", "-"

PATTERNS = """
read a record            nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          ok       ok
  colleague's            401     404          ok            ok         ok          ok       404
  personal               401     404          404           404        404         404      404
  organization           401     404          ok            404        404         404      404
  tenant                 401     404          404           404        404         404      404
  system                 401     ok           404           404        404         404      404
  deleted                401     404          404           404        404         404      404

change a record          nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          ok       ok
  colleague's            401     404          403           ok         403         403      404
  personal               401     404          404           404        404         404      404
  organization           401     404          403           404        404         404      404
  tenant                 401     404          404           404        404         404      404
  system                 401     ok           404           404        404         404      404
  deleted                401     404          404           404        404         404      404

add to a record          nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          ok       ok
  colleague's            401     404          403           ok         ok          ok       404
  personal               401     404          404           404        404         404      404
  organization           401     404          403           404        404         404      404
  tenant                 401     404          404           404        404         404      404
  system                 401     ok           404           404        404         404      404
  deleted                401     404          404           404        404         404      404

list records             nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          sees       sees        sees     sees
  colleague's            401     same         sees          sees       sees        sees     same
  personal               401     same         same          same       same        same     same
  organization           401     same         sees          same       same        same     same
  tenant                 401     same         same          same       same        same     same
  system                 401     sees         same          same       same        same     same
  deleted                401     same         same          same       same        same     same

sum up own records       nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          sees       sees        sees     sees
  colleague's            401     same         sees          sees       sees        sees     same
  personal               401     same         same          same       same        same     same
  organization           401     same         sees          same       same        same     same
  tenant                 401     same         same          same       same        same     same
  system                 401     same         same          same       same        same     same
  deleted                401     same         same          same       same        same     same

analyse own records      nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          sees       sees        sees     403
  colleague's            401     same         sees          sees       sees        sees     403
  personal               401     same         same          same       same        same     403
  organization           401     same         sees          same       same        same     403
  tenant                 401     same         same          same       same        same     403
  system                 401     same         same          same       same        same     403
  deleted                401     same         same          same       same        same     403

list the system's        nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     same         same          same       same        same     same
  colleague's            401     same         same          same       same        same     same
  personal               401     same         same          same       same        same     same
  organization           401     same         same          same       same        same     same
  tenant                 401     same         same          same       same        same     same
  system                 401     sees         same          same       same        same     same
  deleted                401     same         same          same       same        same     same

use                      nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          ok       ok

use as a member          nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          ok       403

use as an administrator  nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         403         403      403

use as the platform      nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           403           403        403         403      403

use in person            nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          403      ok

open to anybody          nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    ok      ok           ok            ok         ok          ok       ok

change what is mine      nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          403      ok
  personal               401     404          404           404        404         403      404
  organization           401     404          404           404        404         403      404
  tenant                 401     404          404           404        404         403      404
  deleted                401     404          404           404        404         403      404

list what is mine        nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          sees       sees        403      sees
  personal               401     same         same          same       same        403      same
  organization           401     same         same          same       same        403      same
  tenant                 401     same         same          same       same        403      same
  deleted                401     same         same          same       same        403      same

manage a person          nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         403         403      403
  personal               401     ok           404           404        403         403      403
  organization           401     ok           ok            404        403         403      403
  tenant                 401     ok           404           404        403         403      403
  deleted                401     404          404           404        403         403      403

look after an account    nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           403           403        403         403      403
  personal               401     ok           404           404        403         403      403
  organization           401     ok           403           404        403         403      403
  tenant                 401     ok           404           404        403         403      403
  deleted                401     404          404           404        403         403      403

manage a membership      nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         403         403      403
  organization           401     ok           ok            404        403         403      403
  tenant                 401     ok           404           404        403         403      403
  deleted                401     404          404           404        403         403      403

list invitations         nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          sees       403         403      403
  organization           401     sees         sees          same       403         403      403
  tenant                 401     sees         same          same       403         403      403
  deleted                401     same         same          same       403         403      403

leave a place            nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          403      404
  personal               401     404          404           404        404         403      404
  organization           401     404          404           404        404         403      404
  tenant                 401     404          404           404        404         403      404
  deleted                401     404          404           404        404         403      404

join an organization     nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     403          ok            ok         ok          403      ok

accept an invitation     nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     -            ok            ok         ok          403      ok
  personal               401     404          404           404        404         403      404
  organization           401     404          404           404        404         403      404
  tenant                 401     404          404           404        404         403      404
  deleted                401     404          404           404        404         403      404

give a person a role     nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         403         403      403
  personal               401     409          404           404        403         403      403
  organization           401     ok           ok            404        403         403      403
  tenant                 401     ok           404           404        403         403      403
  deleted                401     404          404           404        403         403      403

list people              nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          sees       403         403      403
  personal               401     sees         same          same       403         403      403
  organization           401     sees         sees          same       403         403      403
  tenant                 401     sees         same          same       403         403      403
  deleted                401     same         same          same       403         403      403

read a tenant            nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            403        403         403      403
  tenant                 401     ok           404           403        403         403      403
  system                 401     404          404           403        403         403      403
  deleted                401     ok           404           403        403         403      403

run a tenant             nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           403           403        403         403      403
  tenant                 401     ok           403           403        403         403      403
  system                 401     404          403           403        403         403      403
  deleted                401     409          403           403        403         403      403

add to a tenant          nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            403        403         403      403
  tenant                 401     ok           404           403        403         403      403
  system                 401     404          404           403        403         403      403
  deleted                401     409          404           403        403         403      403

list tenants             nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  tenant                 401     sees         403           403        403         403      403
  deleted                401     sees         403           403        403         403      403

read an organization     nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         ok          403      403
  organization           401     ok           ok            404        404         403      403
  tenant                 401     ok           404           404        404         403      403
  deleted                401     404          404           404        404         403      403

list organizations       nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  organization           401     sees         sees          same       same        403      403
  tenant                 401     sees         same          same       same        403      403
  deleted                401     same         same          same       same        403      403

run an organization      nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            ok         403         403      403
  organization           401     ok           ok            404        403         403      403
  tenant                 401     ok           404           404        403         403      403
  deleted                401     404          404           404        403         403      403

list of an organization  nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          sees       403         403      403
  organization           401     same         same          same       403         403      403
  tenant                 401     same         same          same       403         403      403
  deleted                401     same         same          same       403         403      403

run organizations        nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     ok           ok            403        403         403      403
  organization           401     ok           ok            403        403         403      403
  tenant                 401     ok           404           403        403         403      403
  deleted                401     404          404           403        403         403      403

read the trail           nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          403        403         403      403
  colleague's            401     sees         sees          403        403         403      403
  personal               401     sees         sees          403        403         403      403
  organization           401     sees         sees          403        403         403      403
  tenant                 401     sees         same          403        403         403      403
  system                 401     sees         same          403        403         403      403

check the trail          nobody  super_admin  tenant_admin  org_admin  org_member  api_key  user
  own                    401     sees         sees          403        403         403      403
  colleague's            401     same         sees          403        403         403      403
  personal               401     same         sees          403        403         403      403
  organization           401     same         sees          403        403         403      403
  tenant                 401     same         same          403        403         403      403
  system                 401     sees         same          403        403         403      403
"""


def patterns() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The patterns by name, then target, then caller.

    Raises:
        ValueError: A line does not fit the columns.
    """
    found: dict[str, dict[str, dict[str, str]]] = {}
    for block in PATTERNS.strip().split("\n\n"):
        heading, *lines = block.split("\n")
        name, callers = heading[:25].strip(), heading[25:].split()
        cells = {line.split()[0]: dict(zip(callers, line.split()[1:], strict=True)) for line in lines}
        if tuple(callers) != CALLERS or not cells.keys() <= set(TARGETS):
            raise ValueError(f"The pattern `{name}` has other callers or targets than the rest.")
        found[name] = cells
    return found
