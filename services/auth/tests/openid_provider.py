"""A real OpenID provider on this machine: Canaille, in memory, with one client and the people it is told of.

`python openid_provider.py PORT REDIRECT_URI ADDRESS...`: each address is a person whose password is `PASSWORD`.
"""

import datetime
import os
import sys
import warnings

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
warnings.simplefilter("ignore")

CLIENT_ID = "accunode"
CLIENT_SECRET = "kR2tVq8mZ1xW5yN9pL3c"
PASSWORD = "correct horse battery staple"


def serve(port: int, redirect_uri: str, addresses: list[str]) -> None:
    """Serve until killed."""
    from canaille import create_app
    from canaille.app import models
    from canaille.backends import Backend
    from joserfc.jwk import JWKRegistry
    from werkzeug.serving import make_server

    key = JWKRegistry.generate_key("RSA", 2048)
    key.ensure_kid()
    app = create_app(
        config={
            "TESTING": True,
            "ENV_FILE": None,
            "SECRET_KEY": "for one test",
            "WTF_CSRF_ENABLED": False,
            "PREFERRED_URL_SCHEME": "http",
            "SERVER_NAME": f"localhost:{port}",
            "CANAILLE": {
                "DATABASE": "memory",
                "JAVASCRIPT": False,
                "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"], "READ": ["user_name", "groups", "lock_date"]}},
            },
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
        }
    )
    with app.app_context():
        # Its settings know no such claim, though its userinfo endpoint gives it.
        app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = "true"
        now = datetime.datetime.now(datetime.UTC)
        client = models.Client(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            client_name="AccuNode",
            client_id_issued_at=now,
            redirect_uris=[redirect_uri],
            grant_types=["authorization_code"],
            response_types=["code"],
            scope=["openid", "profile", "email", "groups"],
            token_endpoint_auth_method="client_secret_basic",
        )
        Backend.instance.save(client)
        client.audience = [client]
        Backend.instance.save(client)
        people = []
        for address in addresses:
            person = models.User(
                user_name=address.partition("@")[0],
                emails=[address],
                given_name="Ada",
                family_name="Lovelace",
                formatted_name="Ada Lovelace",
                password=PASSWORD,
            )
            Backend.instance.save(person)
            people.append(person)
        Backend.instance.save(models.Group(display_name="risk", members=people))
    server = make_server("127.0.0.1", port, app, threaded=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
