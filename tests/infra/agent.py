"""What the ECS agent gives the tasks of a node, on 169.254.170.2: credentials, metadata, protection from scale-in.

It runs in a container of its own, on nothing but the standard library. `/told` lists what was asked of it.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLD: list[dict[str, object]] = []


class Agent(BaseHTTPRequestHandler):
    """Answers as the agent does, and notes each request."""

    def do_GET(self) -> None:
        """Credentials by task, metadata, or the notes."""
        self._note(None)
        if self.path == "/told":
            self._answer(TOLD)
        elif self.path.startswith("/v2/credentials/"):
            self._answer(
                {
                    "RoleArn": "arn:aws:iam::111122223333:role/accunode-production-task",
                    "AccessKeyId": "ASIAEXAMPLE",
                    "SecretAccessKey": "example",
                    "Token": f"token of {self.path.rpartition('/')[2]}",
                    "Expiration": "2099-01-01T00:00:00Z",
                }
            )
        elif self.path.startswith("/v4/"):
            arn = "arn:aws:ecs:us-east-1:111122223333:task/accunode-production/0123456789abcdef"
            self._answer({"Cluster": "accunode-production", "TaskARN": arn, "Family": "accunode", "Revision": "1"})
        else:
            self._answer({"protection": {"ProtectionEnabled": False}})

    def do_PUT(self) -> None:
        """Take note of a wish for protection."""
        wish = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._note(wish)
        self._answer({"protection": wish})

    def _note(self, wish: object) -> None:
        TOLD.append({"method": self.command, "path": self.path, "wish": wish})

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 80), Agent).serve_forever()
