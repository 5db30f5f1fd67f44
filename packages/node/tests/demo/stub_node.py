"""Stands in for ``samstad serve``: takes its flags, writes run.json and a key, and notes each request."""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys
from pathlib import Path

from samstad_node.supervisor import RoleState, RunFile, RunningRole

KEY = "samstad_stub"


class Stub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if self.path == "/access/v1/links":
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(201, json.dumps({"path": "/access/v1/link/samlnk_stub"}).encode())
        else:
            self._note(204)

    def do_PATCH(self):
        self._note(204)

    def _note(self, status):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = status if self.headers["X-API-Key"] == KEY else 401
        with self.server.notes.open("a") as file:
            file.write(json.dumps([self.command, self.path, status, body]) + "\n")
        self._answer(status, b"")

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    if os.environ.get("STUB_FAILS"):
        sys.exit("port 8080 is haunted")
    data = Path(sys.argv[sys.argv.index("--data") + 1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Stub)
    server.notes = Path(os.environ["STUB_NOTES"])
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if os.environ.get("SAMSTAD_DEMO") == "1":
        (data / "admin.key").write_text(KEY + "\n")
    roles = {"broker": RunningRole(state=RoleState.READY, ports={"http": server.server_port})}
    RunFile(pid=os.getpid(), started="", version="", data=str(data), single=True, roles=roles).write(data)
    server.serve_forever()


if __name__ == "__main__":
    main()
