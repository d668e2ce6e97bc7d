"""STARTTLS is used where it is offered, with a certificate that is checked."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from handlers.configuration import Configuration
from outbound.email import Smtp
from outbound.email.errors import MailNotDelivered
from outbound.email.message import compose
from outbound.email.occasions import OCCASIONS
from tests.outbound.email.conftest import MailServer
from tests.outbound.email.test_message import NOW, _user

MESSAGE = compose(OCCASIONS["welcome"], _user(), {}, job_id=UUID(int=7), now=NOW, settings=Configuration({}))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate of 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "server.pem"
    path.write_bytes(key.private_bytes(*form) + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[MailServer]:
    """A mail server that offers STARTTLS."""
    server = MailServer(str(certificate))
    yield server
    server.stop()


def test_login_and_message_go_over_tls_where_it_is_offered(tls_server: MailServer, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    url = tls_server.url.replace("//", "//op:p%3Aw%2Fd@") + "?starttls=required"

    Smtp(url, tls=trusting).deliver(MESSAGE, handing_over=lambda: None)

    (mail,) = tls_server.received()
    assert (mail["tls"], mail["login"]) == (True, "op")


def test_server_with_a_certificate_nobody_vouches_for_gets_nothing(tls_server: MailServer) -> None:
    with pytest.raises(MailNotDelivered, match="SSLCertVerificationError"):
        Smtp(tls_server.url).deliver(MESSAGE, handing_over=lambda: None)
    assert tls_server.received() == []
