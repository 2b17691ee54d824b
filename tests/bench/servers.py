"""The servers that clients are measured against: the emulator, and one that only takes and gives bytes."""

import json
import os
import subprocess
import time
import urllib.request


class Server:
    """`batch-eval emulator`; a job takes 30 of its seconds, and a file lives for 48 of its hours."""

    def __init__(self, program, folder, time_scale, *further):
        words = [program, "emulator", "--listen", "127.0.0.1:0", "--time-scale", str(time_scale), *further]
        self.process = subprocess.Popen(
            [*words, "--state", str(folder / "emulator")],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.url = self.process.stdout.readline().strip()

    def call(self, method, path, body=None, headers=None):
        """One JSON call; gives headers and answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"x-goog-api-key": "any-key", "Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.headers, json.loads(answer.read() or b"{}")

    def session(self, size):
        """A new upload session's URL."""
        headers = {
            "X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(size),
            "X-Goog-Upload-Header-Content-Type": "application/json",
        }
        got, _ = self.call("POST", "/upload/v1beta/files", {"file": {}}, headers)
        return got["X-Goog-Upload-URL"]

    def files(self):
        return self.call("GET", "/v1beta/files?pageSize=100")[1].get("files", [])

    def clear_files(self):
        for file in self.files():
            self.call("DELETE", f"/v1beta/{file['name']}")

    def job(self, model, source):
        path = f"/v1beta/models/{model}:batchGenerateContent"
        batch = {"batch": {"displayName": "bench", "inputConfig": source}}
        return self.call("POST", path, batch)[1]["name"]

    def result_of(self, file):
        """The result file of a job on an uploaded file, once the job has ended."""
        job = self.job("sim-flash", {"fileName": file})
        while not self.call("GET", f"/v1beta/{job}")[1].get("done"):
            time.sleep(0.05)
        return f"files/{job.replace('batches/', 'batch-')}"

    def stop(self):
        self.process.kill()
        self.process.wait()


class BareServer:
    """`bare_server`, over TLS when asked for; it gives out a file, or so many bytes. `trust` is the file with
    the root that signed for it.
    """

    def __init__(self, program, folder, gives, tls):
        words, self.trust = [program, str(gives)], None
        if tls:
            self.trust, chain, key = certificate(folder)
            words += [chain, key]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def env(self):
        """What programs must know to trust it, other than curl."""
        return {**os.environ, **({"SSL_CERT_FILE": self.trust} if self.trust else {})}

    def curl(self, *words):
        trust = ["--cacert", self.trust] if self.trust else []
        return ["curl", "--http1.1", "--silent", "--show-error", "--fail", *trust, *words]

    def stop(self):
        self.process.kill()
        self.process.wait()


def certificate(folder):
    """A root made for this once, and a certificate for localhost that it signed: root, chain, key."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=bench root",
            "-keyout", "root.key", "-out", "root.pem")
    openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "request.pem")
    (folder / "names").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "root.pem", "-CAkey", "root.key", "-days", "2",
            "-CAcreateserial", "-extfile", "names", "-out", "chain.pem")
    return tuple(str(folder / name) for name in ("root.pem", "chain.pem", "key.pem"))
