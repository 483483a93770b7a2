import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cms_people import NOW, Person, alice, authority, issued
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from secure import KeyNotRead, Standing, TrustStore, Use, judge, load_certificates
from secure.contents import MOST_CERTIFICATES, MOST_SIGNERS

CA = "key_cert_sign"


def standing(
    person: Person,
    *between: Person,
    trusted: Sequence[Person] = (),
    use: Use = Use.SIGN,
    days: float = 0,
) -> Standing:
    return judge(
        person.certificate,
        NOW + timedelta(days=days),
        use,
        TrustStore([one.certificate for one in trusted or (authority(),)]),
        [one.certificate for one in between],
    ).standing


def chain(length: int, top: Person, *, limit: int | None = None) -> list[Person]:
    """Return *length* authorities one below the other, the lowest one last."""
    found = [top]
    for number in range(length):
        found.append(issued(f"Level {number}", 200, by=found[-1], usage=CA, authority=limit))
    return found[1:]


def test_who_was_issued_by_a_trusted_one_is_trusted_while_valid() -> None:
    assert standing(alice()) is Standing.TRUSTED
    assert standing(alice(), days=31) is Standing.EXPIRED
    assert standing(alice(), days=-2) is Standing.NOT_YET_VALID
    assert standing(alice(), trusted=[issued("Other", 3, authority=None)]) is Standing.UNTRUSTED


def test_without_a_store_nobody_is_trusted() -> None:
    assert judge(alice().certificate, NOW, Use.SIGN).standing is Standing.UNTRUSTED


def test_a_certificate_in_the_store_needs_no_issuer() -> None:
    assert standing(alice(), trusted=[alice()]) is Standing.TRUSTED


def test_who_stands_between_may_come_along_or_be_in_the_store() -> None:
    levels = chain(3, authority())
    leaf = issued("Leaf", 1, by=levels[-1])
    assert standing(leaf, *levels) is Standing.TRUSTED
    assert standing(leaf, *reversed(levels)) is Standing.TRUSTED
    assert standing(leaf, trusted=[authority(), *levels]) is Standing.TRUSTED
    assert standing(leaf, *levels[1:]) is Standing.UNTRUSTED


def test_an_expired_authority_makes_expired() -> None:
    old = issued("Old", 200, by=authority(), usage=CA, authority=None, days=(-30, -1))
    assert standing(issued("Leaf", 1, by=old), old) is Standing.EXPIRED


def test_chains_of_more_than_eight_are_not_followed() -> None:
    levels = chain(6, authority())
    assert standing(issued("Leaf", 1, by=levels[-1]), *levels) is Standing.TRUSTED
    levels = chain(7, authority())
    assert standing(issued("Leaf", 1, by=levels[-1]), *levels) is Standing.UNTRUSTED


def test_the_path_length_of_an_authority_is_kept() -> None:
    top = issued("Top", 201, usage=CA, authority=1)
    one, two = chain(1, top), chain(2, top)
    assert standing(issued("Leaf", 1, by=one[-1]), *one, trusted=[top]) is Standing.TRUSTED
    assert standing(issued("Leaf", 1, by=two[-1]), *two, trusted=[top]) is Standing.UNTRUSTED


def test_only_authorities_issue() -> None:
    none = x509.BasicConstraints(False, None)
    for person in (
        alice(),
        issued("No constraints", 1, by=authority(), usage=CA),
        issued("Says that it is none", 1, by=authority(), usage=CA, extensions=[(none, True)]),
        issued("May not sign", 1, by=authority(), usage="crl_sign", authority=None),
    ):
        assert standing(issued("Leaf", 2, by=person), person) is Standing.UNTRUSTED


def test_who_only_has_the_name_of_the_issuer_did_not_issue() -> None:
    false = issued("Authority", 300, usage=CA, authority=None)
    assert standing(issued("Leaf", 1, by=false)) is Standing.UNTRUSTED
    assert standing(issued("Leaf", 1, by=false), false) is Standing.UNTRUSTED


def test_many_of_one_name_do_not_take_for_ever() -> None:
    crowd = [issued("Crowd", 400, by=issued("Crowd", 400), usage=CA, authority=None)] * 2
    crowd += [issued("Crowd", 400, by=crowd[0], usage=CA, authority=None) for _ in range(40)]
    leaf = issued("Leaf", 1, by=crowd[0])
    assert standing(leaf, *crowd) is Standing.UNTRUSTED


@pytest.mark.parametrize(
    ("usage", "use", "wanted"),
    [
        ("digital_signature", Use.SIGN, Standing.TRUSTED),
        ("content_commitment", Use.SIGN, Standing.TRUSTED),
        ("key_encipherment", Use.SIGN, Standing.WRONG_USAGE),
        ("key_encipherment", Use.RECEIVE, Standing.TRUSTED),
        ("digital_signature", Use.RECEIVE, Standing.WRONG_USAGE),
        ("", Use.SIGN, Standing.TRUSTED),
        ("", Use.RECEIVE, Standing.TRUSTED),
    ],
)
def test_key_usage_is_kept(usage: str, use: Use, wanted: Standing) -> None:
    assert standing(issued("Somebody", 1, by=authority(), usage=usage), use=use) is wanted


@pytest.mark.parametrize(
    ("purposes", "wanted"),
    [
        ([ExtendedKeyUsageOID.EMAIL_PROTECTION], Standing.TRUSTED),
        ([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH], Standing.TRUSTED),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], Standing.TRUSTED),
        ([ExtendedKeyUsageOID.OCSP_SIGNING], Standing.WRONG_USAGE),
    ],
)
def test_extended_key_usage_is_kept(
    purposes: list[x509.ObjectIdentifier], wanted: Standing
) -> None:
    extension = (x509.ExtendedKeyUsage(purposes), True)
    assert standing(issued("Somebody", 1, by=authority(), extensions=[extension])) is wanted


def test_demands_that_nobody_here_understands_are_not_passed_over() -> None:
    demand = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    for is_critical, wanted in ((False, Standing.TRUSTED), (True, Standing.UNTRUSTED)):
        person = issued("Somebody", 1, by=authority(), extensions=[(demand, is_critical)])
        assert standing(person) is wanted


def test_the_gravest_is_told_and_all_reasons() -> None:
    person = issued("Somebody", 1, usage="key_encipherment", days=(-9, -1))
    found = judge(person.certificate, NOW, Use.SIGN)
    assert (found.standing, len(found.reasons)) == (Standing.UNTRUSTED, 3)


@pytest.mark.parametrize("bits", [1024, 2047])
def test_a_short_key_is_not_trusted_wherever_it_is_in_the_chain(bits: int) -> None:
    assert standing(issued("Short", 210, by=authority(), bits=bits)) is Standing.WEAK_KEY
    top = issued("Short top", 211, usage=CA, authority=None, bits=bits)
    assert standing(issued("Leaf", 1, by=top), trusted=[top]) is Standing.WEAK_KEY


def test_an_authority_with_a_new_certificate_is_trusted_beside_the_old_one() -> None:
    old, new = (
        issued("Top", 212, usage=CA, authority=None, days=days) for days in ((-9, -2), (-2, 9))
    )
    leaf = issued("Leaf", 1, by=new)
    for trusted in ([old, new], [new, old]):
        assert standing(leaf, trusted=trusted) is Standing.TRUSTED
    assert standing(leaf, old, trusted=[new]) is Standing.TRUSTED
    assert standing(leaf, trusted=[old]) is Standing.EXPIRED


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_certificate_that_can_be_forged_is_said_to_be_so(
    digest: str, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    certificate, key = authority().files(tmp_path)
    _, own = alice().files(tmp_path)
    request, made = tmp_path / "request", tmp_path / "made"
    tool = peer("openssl")
    asking = [tool, "req", "-new", "-key", str(own), "-subj", "/CN=Old", "-out", str(request)]
    answer = [tool, "x509", "-req", "-in", str(request), "-out", str(made), f"-{digest}"]
    answer += ["-CA", str(certificate), "-CAkey", str(key), "-set_serial", "1"]
    for words in (asking, answer):
        subprocess.run(words, check=True, capture_output=True)
    (old,) = load_certificates(made)
    found = judge(old, NOW, Use.SIGN, TrustStore([authority().certificate]))
    assert found.standing is Standing.UNTRUSTED
    assert found.reasons[0] == f"it was issued with {digest.upper()}, which can be forged"


def test_a_folder_of_certificates_is_a_store(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(authority().certificate.public_bytes(Encoding.PEM))
    (tmp_path / "two.der").write_bytes(alice().certificate.public_bytes(Encoding.DER))
    (tmp_path / "README").write_text("not one")
    (tmp_path / "folder").mkdir()
    store = TrustStore.from_folder(tmp_path)
    assert set(store.certificates) == {authority().certificate, alice().certificate}


def test_a_folder_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("not one")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(KeyNotRead):
            TrustStore.from_folder(folder)


def test_a_tangle_of_certificates_for_many_signers_is_judged_in_a_moment() -> None:
    """Each has issued each other, so that every way up leads nowhere but in a circle."""
    tangle = [issued("Tangle", authority=None, usage="") for _ in range(MOST_CERTIFICATES)]
    others = [person.certificate for person in tangle]
    start = time.process_time()
    for certificate in others[:MOST_SIGNERS]:
        assert judge(certificate, NOW, Use.SIGN, None, others).standing is Standing.UNTRUSTED
    assert time.process_time() - start < 5
