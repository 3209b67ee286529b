"""A certificate for 127.0.0.1 and localhost that signs itself, as tests of TLS need one."""
import base64
import hashlib
import subprocess


class Certificate:
    """Files `cert` and `key` in the folder; `cert` is what a client trusts, too."""

    def __init__(self, folder):
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", self.key,
                "-out", self.cert)

    def key_hash(self):
        """Of its public key, as browsers pin one: base64 of SHA-256."""
        pem = openssl("x509", "-in", self.cert, "-pubkey", "-noout").decode()
        der = base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))
        return base64.b64encode(hashlib.sha256(der).digest()).decode()


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
