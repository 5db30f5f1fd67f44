"""MQTT over TLS: a device that trusts the certificate is let in, plain bytes and old TLS are not."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from samstad_devices.gateway.mqtt.endpoint import MqttEndpoint, server_tls

CONNECT = b"\x10\x15\x00\x04MQTT\x04\xc2\x00\x1e\x00\x01r\x00\x01u\x00\x03one"


@pytest.fixture
def files(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return tmp_path / "cert.pem", tmp_path / "key.pem"


@pytest.fixture
async def secure(endpoint, shelf, clock, files):
    secure = MqttEndpoint(endpoint._credentials, shelf.offer, now_us=clock.now_us)
    await secure.listen(host="127.0.0.1", port=0, tls=server_tls(*files))
    yield secure
    await secure.close()


async def test_a_device_that_trusts_the_node_is_let_in_and_its_messages_kept(
    secure, files, shelf, wait_until
):
    context = ssl.create_default_context(cafile=str(files[0]))
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port, ssl=context)
    writer.write(CONNECT + b"\x32\x0c\x00\x07d/me/up\x00\x01!")
    assert await reader.readexactly(8) == b"\x20\x02\x00\x00\x40\x02\x00\x01"
    assert shelf.kept[0].payload == b"!"
    writer.close()
    await wait_until(lambda: not len(secure))


async def test_plain_bytes_and_strangers_certificates_get_nowhere(secure, shelf):
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port)
    writer.write(CONNECT)
    assert not (await reader.read()).startswith(b"\x20"), "no CONNACK in the open"
    writer.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", secure.port, ssl=ssl.create_default_context())
    assert secure.figures.accepted == 0
    assert shelf.kept == []


def test_a_certificate_that_is_none_is_refused(tmp_path, files):
    (tmp_path / "none.pem").write_text("none")
    with pytest.raises(ssl.SSLError):
        server_tls(tmp_path / "none.pem", files[1])
    with pytest.raises(OSError, match="No such file"):
        server_tls(tmp_path / "absent.pem", files[1])
