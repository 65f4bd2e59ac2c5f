# SPDX-License-Identifier: MIT
"""Certificates for test servers: an authority, and what servers may show, good and bad."""

import time

from machine import run

CERTIFICATES = ("good", "wrong-host", "self-signed", "expired")
AUTHORITY = """\
[ca]
default_ca = here
[here]
dir = {0}
database = {0}/index
serial = {0}/serial
new_certs_dir = {0}
certificate = {0}/ca.pem
private_key = {0}/ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
HERE = "DNS:localhost,IP:127.0.0.1"


def make_key(folder, name, subject, *options):
    run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", folder / f"{name}.key", "-subj", f"/CN={subject}", *options])


def make_certificates(folder):
    """ca.pem, client.pem, the same with its key in client-both.pem, and a server's certificate for
    each word that --tls takes."""
    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index").write_text("")
    (folder / "serial").write_text("1000\n")
    (folder / "ca.cnf").write_text(AUTHORITY.format(folder))
    make_key(folder, "ca", "Ostler test CA", "-x509", "-days", "30", "-out", folder / "ca.pem",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    make_key(folder, "self-signed", "localhost", "-x509", "-days", "30",
             "-out", folder / "self-signed.pem", "-addext", f"subjectAltName={HERE}")
    for name, subject, names, start, end in (
            ("good", "localhost", HERE, None, None),
            ("wrong-host", "elsewhere.invalid", "DNS:elsewhere.invalid", None, None),
            ("expired", "localhost", HERE, "20200101000000Z", "20200201000000Z"),
            ("client", "certified", "DNS:certified.invalid", None, None)):
        make_key(folder, name, subject, "-out", folder / f"{name}.csr",
                 "-addext", f"subjectAltName={names}")
        dates = ["-startdate", start, "-enddate", end] if start else ["-days", "30"]
        run(["openssl", "ca", "-batch", "-notext", "-config", folder / "ca.cnf", *dates,
             "-in", folder / f"{name}.csr", "-out", folder / f"{name}.pem"])
    (folder / "client-both.pem").write_text((folder / "client.pem").read_text()
                                            + (folder / "client.key").read_text())
    (folder / "done").write_text("")


def make_brief(folder, seconds):
    """A good certificate that has expired when the time that is returned has come."""
    until = int(time.time()) + seconds
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(until))
    make_key(folder, "brief", "localhost", "-out", folder / "brief.csr",
             "-addext", f"subjectAltName={HERE}")
    run(["openssl", "ca", "-batch", "-notext", "-config", folder / "ca.cnf",
         "-startdate", "20200101000000Z", "-enddate", end, "-in", folder / "brief.csr",
         "-out", folder / "brief.pem"])
    return until
