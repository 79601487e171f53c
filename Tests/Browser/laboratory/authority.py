"""A certificate authority that lives for one test, and how a namespace comes to believe it."""

import subprocess
from pathlib import Path

#: Where a native end looks for those it believes; nothing in its environment changes that.
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


class Authority:
    """Makes a certificate for `names`, host names first, and the file that vouches for it."""

    def __init__(self, directory, names):
        self._directory = Path(directory)
        self.authority = self._directory / "authority.pem"
        self.certificate = self._directory / "server.pem"
        self.key = self._directory / "server.key"
        self._request(
            self.authority, self._directory / "authority.key", "A test's authority",
            "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
        )
        kinds = ["IP" if name.replace(".", "").isdigit() or ":" in name else "DNS" for name in names]
        self._request(
            self.certificate, self.key, names[0],
            "subjectAltName=" + ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names)),
            "basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth",
            signed=True,
        )
        self.key.chmod(0o600)

    def _request(self, certificate, key, name, *extensions, signed=False):
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                   "-days", "30", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate]
        for extension in extensions:
            command += ["-addext", extension]
        if signed:
            command += ["-CA", self.authority, "-CAkey", self._directory / "authority.key"]
        subprocess.run(command, check=True, capture_output=True)

    def bundle(self):
        """Everybody the system believes, and this authority."""
        return BUNDLE.read_text() + self.authority.read_text()
