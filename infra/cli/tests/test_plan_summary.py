"""What `plan` says of money and at its end: how much is made, changed and replaced, and what that costs."""

from accunode_infra.commands.plan import cost_difference, summed_up
from accunode_infra.deploying import Planned
from accunode_infra.planning import Target
from accunode_infra.resolve import resolve
from accunode_infra.stackops.changes import ResourceChange
from accunode_infra.stackops.standing import Standing
from accunode_infra.stacks import stack
from accunode_infra.templates import parse

DATABASE = """
Parameters: {Class: {Type: String}, Retention: {Type: Number, Default: 7}, Size: {Type: String, Default: "20"}}
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      DBInstanceClass: !Ref Class
      AllocatedStorage: !Ref Size
      StorageType: gp3
      MultiAZ: "false"
      BackupRetentionPeriod: !Ref Retention
"""


def planned(before: dict[str, str] | None, after: dict[str, str], *changes: ResourceChange) -> Planned:
    template = parse(DATABASE)
    name = "accunode-production-data"
    target = Target(
        stack=stack("data"),
        name=name,
        template=template,
        body=DATABASE,
        given=after,
        standing=Standing(name, name, "CREATE_COMPLETE") if before else None,
        before=resolve(template, before) if before else None,
        after=resolve(template, after),
    )
    return Planned(target, None, changes)


SMALL, LARGE = {"Class": "db.t3.micro"}, {"Class": "db.t3.small", "Size": "100"}
REPLACED = ResourceChange("Modify", "Database", "AWS::RDS::DBInstance", "True")


def test_a_plan_ends_with_what_it_makes_changes_and_replaces_and_its_price() -> None:
    both = [planned(None, SMALL), planned(SMALL, LARGE, REPLACED)]
    cost = cost_difference(both, "startup")
    assert summed_up(both, cost) == (
        f"1 stack to create, 1 to change, 1 replacement; ${cost['after'] - cost['before']:,.2f} more a month."
    )
    cheaper = [planned(LARGE, SMALL)]
    assert summed_up(cheaper, cost_difference(cheaper, "startup")).endswith(" less a month.")
    assert summed_up(cheaper, {"unpriced": "why"}).endswith("0 replacements; its cost is not known.")
    assert summed_up([], cost) == "Nothing to change."


def test_what_changes_most_comes_first_and_what_changes_by_less_than_a_cent_is_only_counted() -> None:
    change = [planned(SMALL, LARGE)]
    whole = cost_difference(change, "startup")
    amounts = [abs(each["after"] - each["before"]) for each in whole["changes"]]
    assert len(amounts) > 1
    assert amounts == sorted(amounts, reverse=True)
    assert whole["folded"] == 0
    tiny = cost_difference([planned(SMALL, SMALL | {"Size": "20.01"})], "startup")
    assert (tiny["changes"], tiny["folded"] > 0) == ([], True)
