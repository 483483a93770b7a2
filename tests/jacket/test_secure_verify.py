"""An encrypted medium is judged by what is in it, and each thing that can be wrong is told."""

from collections.abc import Callable
from hashlib import new
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import PHRASE, digested, enveloped, variants
from cms_people import Person, alice, authority, bob, issued
from cms_tool import OpensslCms
from secure_media import Seal, by_seal, contents, secure_folder, trusting, with_password, word

from jacket.secure_rules import RULES
from jacket.verification import Verification, verify
from profiles.profile_table import PROFILES
from reporting import Severity
from secure import Keys, TrustStore, der, prepare
from secure.algorithms import DIGEST_OF_NAME, SIGNED_DATA
from secure.signers import Signed

Run = Callable[..., Any]
KEYS = Keys([PHRASE])
OURS = with_password()
FILE = "DICOM/P0000001/S0000001/E0000001/I0000001"
ENCRYPTED_DATA = "1.2.840.113549.1.7.6"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, real_file_set: Path, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("verify") / "plain"
    sources = [real_file_set / name for name in ("77654033", "98892003")]
    assert run("author", *sources, "-o", folder).code == 0
    return folder


@pytest.fixture(scope="module")
def secure(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return secure_folder(plain, tmp_path_factory.mktemp("secure") / "medium", OURS)


def with_one(plain: Path, target: Path, change: Seal) -> Path:
    """Make a secure medium of which one file is made by *change*."""
    secure_folder(plain, target, OURS, listed=False)
    (target / FILE).write_bytes(change((plain / FILE).read_bytes()))
    return target


def told(verdict: Verification) -> set[tuple[str, str]]:
    """Return which rules are broken where, but for what every folder is told."""
    return {(f.rule, f.where) for f in verdict.findings if f.rule != "PRO-FORMAT-NOT-JUDGED"}


def signed_by(*people: Person, spoilt: bool = False) -> Seal:
    """Seal with signatures; a spoilt one is of something else."""

    def seal(content: bytes) -> bytes:
        row = DIGEST_OF_NAME["sha256"]
        inner = Signed(row, [person.signer for person in people], None)
        inside = der.octet_string(content)
        for tag, before in reversed(inner.layers()[1:-1]):
            inside = der.value(tag, before, inside)
        tail = bytearray(inner.tail(new(row.name, content).digest()))
        tail[-1] ^= spoilt
        return enveloped(der.value(*inner.layers()[0], inside, bytes(tail)), SIGNED_DATA)

    return seal


def wrong_digest(content: bytes) -> bytes:
    inner = digested(content)
    return enveloped(inner[:-1] + bytes((inner[-1] ^ 1,)))


OTHER_PASSWORD = "quite another one"  # noqa: S105 (of a medium of the tests)
ONE_FILE: dict[str, Seal] = {
    "SEC-LOCKED": by_seal(prepare(password=OTHER_PASSWORD, iterations=1000)),
    "SEC-DAMAGED": lambda content: OURS(content)[:-500],
    "SEC-DIGEST": wrong_digest,
    "SEC-SIGNATURE": signed_by(alice(), spoilt=True),
    "SEC-UNPROTECTED": lambda content: variants(content)["D"],
    "SEC-ALGORITHM": lambda content: enveloped(digested(content), ENCRYPTED_DATA),
    "SEC-CONTENT": lambda content: enveloped(digested(b"Dear colleague")),
    "SEC-WRAPPED": lambda content: variants(content)["C"],
    "SEC-SIGNER": signed_by(alice()),
    "SEC-WEAK": lambda content: enveloped(digested(content, "sha1")),
}
NOT_OF_ONE_FILE = {"SEC-CLOSED", "SEC-SIGNER-NOT-JUDGED"}
NOBODY = Keys([PHRASE], trust=TrustStore([issued("Stranger", 9).certificate]))


@pytest.mark.parametrize("rule", ONE_FILE)
def test_exactly_the_broken_rule_is_told_at_its_file(
    rule: str, plain: Path, tmp_path: Path
) -> None:
    medium = with_one(plain, tmp_path / "medium", ONE_FILE[rule])
    verdict = verify(medium, keys=NOBODY)
    assert told(verdict) == {(rule, FILE)}
    severity = next(each.severity for each in RULES if each.id == rule)
    assert verdict.compliant is (severity is not Severity.ERROR)
    (finding,) = [f for f in verdict.findings if f.rule == rule]
    assert PHRASE not in "".join(finding)


def test_what_was_encrypted_without_a_digest_is_wrong_and_judged_all_the_same(
    plain: Path, tmp_path: Path
) -> None:
    bare = with_one(plain, tmp_path / "bare", lambda content: variants(content[:-1])["D"])
    verdict = verify(bare, keys=KEYS)
    rules = {f.rule for f in verdict.findings if f.where.startswith(FILE)}
    assert rules > {"SEC-UNPROTECTED"}
    assert verdict.opened == 25


def test_every_rule_has_a_case_here() -> None:
    assert {*ONE_FILE, *NOT_OF_ONE_FILE} == {rule.id for rule in RULES}


def test_without_a_key_nothing_is_said_of_what_is_inside(secure: Path, run: Run) -> None:
    verdict = verify(secure)
    assert told(verdict) == {("SEC-CLOSED", "DICOMDIR")}
    assert (verdict.secure, verdict.opened, verdict.satisfies) == (25, 0, ())
    claimed = run("verify", secure, "--profile", "STD-GEN-SEC-CD")
    assert claimed.code == 1
    assert "NOT JUDGED by STD-GEN-SEC-CD, as it is encrypted" in claimed.out
    assert "COMPLIANT" not in claimed.out


def test_what_nobody_could_count_is_not_said_to_be_none(
    secure: Path, run: Run, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    out = run("verify", secure, "--html", page).out
    unknown = "whose instances they are is not known: the medium is encrypted"
    assert out.count(f"\n  {unknown}\n") == 2
    assert out.endswith(f"\n  {unknown}\n")
    assert f"<p>{unknown}</p>" in page.read_text()
    assert "0 instances" not in out + page.read_text()
    medium = run("verify", secure, "--json").json["medium"]
    assert (medium["patients"], medium["studies"]) == (None, None)


def test_with_the_password_a_secure_medium_is_judged_as_the_plain_one(
    secure: Path, plain: Path
) -> None:
    verdict, other = verify(secure, keys=KEYS), verify(plain)
    assert verdict.findings == other.findings == ()
    same = ("file_set_uid", "file_set_id", "instances", "files", "listed")
    assert [getattr(verdict, name) for name in same] == [getattr(other, name) for name in same]
    assert (verdict.secure, verdict.opened) == (25, 25)
    # The same profiles, but for the word in their names; mail is protected in another way.
    twins = {
        row.identifier
        for row in PROFILES.values()
        if row.identifier.replace("SEC-", "") in other.satisfies and "SEC-" in row.identifier
    }
    assert set(verdict.satisfies) == {name for name in twins if "MAIL" not in name}
    assert verdict.satisfies


def test_a_claimed_secure_profile_is_judged_to_the_end(
    secure: Path, tmp_path: Path, run: Run
) -> None:
    words = ("verify", secure, "--password-file", word(tmp_path), "--json", "--profile")
    good = run(*words, "STD-GEN-SEC-CD")
    assert (good.code, good.json["satisfies"]) == (0, ["STD-GEN-SEC-CD"])
    rules = {finding["rule"] for finding in good.json["findings"]}
    assert rules == {"PRO-FORMAT-NOT-JUDGED"}
    assert not any("crypt" in sentence for sentence in good.json["medium"]["not_judged"])
    assert good.json["medium"]["secure_opened"] == 25
    other = run(*words, "STD-GEN-CD")
    assert {f["rule"] for f in other.json["findings"] if f["severity"] == "error"} == {
        "PRO-SECURE-FILE"
    }
    inside = run(*words, "STD-GEN-SEC-BD-MPEG4-HPLV42-2D")  # video and nothing else
    errors = {f["rule"] for f in inside.json["findings"] if f["severity"] == "error"}
    assert errors == {"PRO-KEY-MISSING", "PRO-MULTI-FRAME"}


def test_a_plain_file_among_secure_ones_takes_every_profile_away(
    plain: Path, tmp_path: Path
) -> None:
    medium = with_one(plain, tmp_path / "medium", bytes)
    verdict = verify(medium, keys=KEYS)
    assert (verdict.satisfies, verdict.compliant, verdict.opened) == ((), True, 24)
    assert told(verify(medium, "STD-GEN-SEC-CD", keys=KEYS)) == {("PRO-PLAIN-FILE", FILE)}


def test_what_is_wrong_inside_is_told_as_of_a_plain_file(plain: Path, tmp_path: Path) -> None:
    def without_last_byte(content: bytes) -> bytes:
        return OURS(content[:-1])

    broken = with_one(plain, tmp_path / "medium", without_last_byte)
    other = secure_folder(plain, tmp_path / "plain", bytes, listed=False)
    (other / FILE).write_bytes((plain / FILE).read_bytes()[:-1])
    assert told(verify(broken, keys=KEYS)) == told(verify(other)) != set()


def test_the_manifest_is_held_against_the_envelopes(secure: Path, tmp_path: Path) -> None:
    medium = secure_folder(secure, tmp_path / "medium", OURS)  # nothing is plain: copied
    path = medium / FILE
    path.write_bytes(OURS(b"\0" * 128 + b"DICM" + bytes(100)))
    found = {f.rule for f in verify(medium, keys=KEYS).findings if f.where == FILE}
    assert "MAN-DIGEST" in found


@pytest.mark.parametrize("processes", [1, 2])
def test_two_processes_find_what_one_finds(processes: int, plain: Path, tmp_path: Path) -> None:
    medium = secure_folder(plain, tmp_path / "medium", signed_by(alice()), listed=False)
    (medium / FILE).write_bytes(wrong_digest((plain / FILE).read_bytes()))
    verdict = verify(medium, keys=KEYS, processes=processes)
    assert told(verdict) == {("SEC-DIGEST", FILE), ("SEC-SIGNER-NOT-JUDGED", "medium")}
    (signed,) = verdict.signers
    assert (signed.signer.name, signed.files) == ("CN=Alice", 24)


def test_a_wrong_password_is_told_once_and_not_for_every_file(
    secure: Path, tmp_path: Path, run: Run
) -> None:
    wrong = word(tmp_path, "a phrase of several word")
    for command in ("verify", "ls"):
        said = run(command, secure, "--password-file", wrong)
        assert (said.code, said.out, said.err.count("\n")) == (3, "", 1)
        assert "does not open with this password" in said.err
        assert "several" not in said.err


def test_files_of_one_medium_may_need_different_passwords(
    plain: Path, tmp_path: Path, run: Run
) -> None:
    medium = with_one(plain, tmp_path / "medium", ONE_FILE["SEC-LOCKED"])
    # The directory does not open with the one, and one file not with the other.
    other = word(tmp_path, OTHER_PASSWORD, "other")
    assert run("verify", medium, "--password-file", other, "--json").code == 1
    both = ("--password-file", other, "--password-file", word(tmp_path))
    assert run("verify", medium, *both, "--json").json["medium"]["secure_opened"] == 25


def test_signers_are_judged_by_the_folder_of_who_is_trusted(
    plain: Path, tmp_path: Path, run: Run
) -> None:
    medium = secure_folder(plain, tmp_path / "medium", signed_by(alice()))
    ours = trusting(tmp_path / "ours", authority())
    strange = trusting(tmp_path / "strange", issued("Stranger", 9))
    words = ("verify", medium, "--password-file", word(tmp_path), "--json")

    def judged(*more: object) -> tuple[str, list[tuple[str, str, int]]]:
        said = run(*words, *more).json
        (signer,) = said["medium"]["signers"]
        assert (signer["name"], signer["files"], said["compliant"]) == ("CN=Alice", 25, True)
        rules = [f["rule"] for f in said["findings"]]
        return signer["standing"], [(rule, rules.count(rule)) for rule in sorted(set(rules))]

    assert judged() == ("not judged", [("SEC-SIGNER-NOT-JUDGED", 1)])
    assert judged("--trust", ours) == ("trusted", [])
    assert judged("--trust", strange) == ("untrusted", [("SEC-SIGNER", 25)])


def test_a_certificate_that_is_not_valid_any_more_is_named(plain: Path, tmp_path: Path) -> None:
    old = issued("Former", 5, by=authority(), days=(-90, -60))
    medium = secure_folder(plain, tmp_path / "medium", signed_by(old))
    keys = Keys([PHRASE], trust=TrustStore([authority().certificate]))
    found = [f for f in verify(medium, keys=keys).findings if f.where == FILE]
    assert [f.rule for f in found] == ["SEC-SIGNER"]
    assert found[0].message.startswith("Signed by CN=Former: expired on ")


def test_a_private_key_opens_what_was_encrypted_for_its_certificate(
    plain: Path, tmp_path: Path
) -> None:
    sealer = prepare([bob().certificate])
    medium = secure_folder(plain, tmp_path / "medium", by_seal(sealer))
    assert verify(medium, keys=Keys([], [bob().private])).opened == 25


def test_what_openssl_made_is_judged_too(
    plain: Path, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    cms = OpensslCms(peer("openssl"), tmp_path)

    def by_openssl(content: bytes) -> bytes:
        inner = cms.digest(content, "-md", "sha256", "-stream")
        return cms.encrypt(inner, "-aes256", "-stream", password=PHRASE)

    medium = secure_folder(plain, tmp_path / "medium", by_openssl)
    verdict = verify(medium, keys=KEYS)
    assert {f.rule for f in verdict.findings} == {"SEC-WRAPPED"}
    assert len(verdict.findings) == 25
    assert "STD-GEN-SEC-CD" in verdict.satisfies


def test_a_large_file_is_judged_without_being_held(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jacket.secure_file.HELD", 1000)
    medium = secure_folder(plain, tmp_path / "medium", OURS)
    assert told(verify(medium, keys=KEYS)) == set()


def test_nothing_on_the_medium_is_changed(secure: Path) -> None:
    before = contents(secure)
    verify(secure, keys=KEYS)
    assert contents(secure) == before
