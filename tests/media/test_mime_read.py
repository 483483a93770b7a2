"""Mails that others made, and everything that can be wrong with one."""

import base64
import os
import random
import time
import zipfile
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from io import BytesIO
from pathlib import Path

import pytest

from media import MailMedium, Medium, open_medium
from media.mime import parts as mime_parts
from media.mime.headers import decoded, parse_headers, structured
from media.mime.rules import RULES
from reporting import CannotRead

PICTURE = random.Random(3).randbytes(5000)  # noqa: S311 (repeatable, no secret)
B = "=_b"


def archive(**files: bytes) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, data in (files or {"DICOMDIR": b"directory", "I1": PICTURE}).items():
            made.writestr(name, data)
    return target.getvalue()


def read_all(medium: Medium) -> dict[tuple[str, ...], bytes]:
    return {e.name: medium.open(e).pread(e.size, 0) for e in medium.entries()}


def test_reads_what_pythons_email_makes(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "DICOM-ZIP for you"
    message["From"] = "a@clinic.example"
    message.set_content("see attachment")
    message.add_attachment(
        archive(), "application", "zip", filename="DICOM.ZIP", params={"name": "DICOM.ZIP"}
    )
    for end in ("\n", "\r\n"):
        policy = message.policy.clone(linesep=end)
        for before in (b"", b"From a@clinic.example Wed Mar  4 05:06:07 2026" + end.encode()):
            (tmp_path / "t.eml").write_bytes(before + message.as_bytes(policy=policy))
            with open_medium(tmp_path / "t.eml") as medium:
                assert isinstance(medium, MailMedium)
                assert read_all(medium) == {("DICOMDIR",): b"directory", ("I1",): PICTURE}
                assert {f.rule for f in medium.findings()} == {"MIM-ZIP-NAME"}  # no id


def test_reads_a_mail_that_was_passed_on_and_signed(tmp_path: Path) -> None:
    inner = MIMEMultipart("signed", boundary="inner")
    part = MIMEBase("application", "zip", id="DICOM.ZIP", name="DICOM.ZIP")
    part.set_payload(base64.encodebytes(archive()).decode())
    part["Content-Transfer-Encoding"] = "base64"
    part.add_header("Content-Disposition", "attachment", filename="DICOM.ZIP")
    inner.attach(part)
    inner["Subject"] = "DICOM-ZIP"
    outer = MIMEMultipart("mixed", boundary="inner-and-outer")
    outer["Subject"] = "FW: DICOM-ZIP"
    outer.attach(MIMEText("look"))
    passed_on = MIMEBase("message", "rfc822")
    passed_on.set_payload([inner])  # type: ignore[arg-type]
    outer.attach(passed_on)
    (tmp_path / "t.eml").write_bytes(outer.as_bytes())
    with open_medium(tmp_path / "t.eml") as medium:
        assert read_all(medium)["I1",] == PICTURE
        assert medium.findings() == []


def dicom(identifier: str | None, data: bytes = PICTURE, **more: str) -> str:
    """Return a part as PS3.12 K has it, unless something else is said."""
    last = (identifier or "I9").rpartition("/")[2]
    fields = {
        "type": "application/dicom",
        "name": last if identifier == "DICOMDIR" else f"{last}.dcm",
        "encoding": "base64",
        "text": base64.encodebytes(data).decode(),
        **more,
    }
    parameters = f'; id="{identifier}"' if identifier is not None else ""
    if fields["name"]:
        parameters += f';\n name="{fields["name"]}"'
    return (
        f"Content-Type: {fields['type']}{parameters}\n"
        f"Content-Transfer-Encoding: {fields['encoding']}\n\n{fields['text']}"
    )


def attached(**more: str) -> str:
    """Return an archive as PS3.11 L.3.2 has it, unless something else is said."""
    fields = {
        "type": "application/zip",
        "id": "DICOM.ZIP",
        "name": "DICOM.ZIP",
        "disposition": "attachment",
        "encoding": "base64",
        "text": base64.encodebytes(archive()).decode(),
        **more,
    }
    return (
        f'Content-Type: {fields["type"]}; id="{fields["id"]}"; name="{fields["name"]}"\n'
        f'Content-Disposition: {fields["disposition"]}; filename="{fields["name"]}"\n'
        f"Content-Transfer-Encoding: {fields['encoding']}\n\n{fields['text']}"
    )


def mail(*parts: str, kind: str = "mixed", **more: str) -> bytes:
    fields = {"version": "MIME-Version: 1.0\n", "subject": "DICOM-ZIP", "end": f"\n--{B}--\n"}
    fields |= more
    body = "".join(f"\n--{B}\n{part}" for part in ("\n\nletter", *parts))
    return (
        f"Subject: {fields['subject']}\n{fields['version']}"
        f'Content-Type: multipart/{kind}; boundary="{B}"\n{body}{fields["end"]}'
    ).encode()


DIRECTORY = dicom("DICOMDIR", b"directory" * 40)
CASES: list[tuple[set[str], bytes]] = [
    (set(), mail(DIRECTORY, dicom("A/I1"))),
    (set(), mail(DIRECTORY, dicom("A/I1"), kind="related")),
    (set(), mail(dicom("I1"), dicom(None))),  # RFC 3240: without a DICOMDIR no id is needed
    (set(), mail(DIRECTORY, "Content-Type: text/plain; name=A.TXT\n\ntext")),
    ({"MIM-MULTIPART"}, mail(DIRECTORY, dicom("I1"), kind="alternative")),
    ({"MIM-VERSION"}, mail(DIRECTORY, version="")),
    ({"MIM-CUT"}, mail(DIRECTORY, dicom("I1"), end="")),
    ({"MIM-TYPE"}, mail(DIRECTORY, dicom("I1", type="application/octet-stream"))),
    ({"MIM-ENCODING"}, mail(DIRECTORY, dicom("I1", encoding="x-uuencode"))),
    ({"MIM-BASE64"}, mail(DIRECTORY, dicom("I1", text="QUJD\nQ*FC\n"))),
    ({"MIM-BASE64"}, mail(DIRECTORY, dicom("I1", text="QUJDQ"))),
    ({"MIM-BASE64"}, mail(DIRECTORY, dicom("I1", text="QUI=QUJD"))),
    ({"MIM-ID"}, mail(DIRECTORY, dicom("A/NINE_CHAR"))),
    ({"MIM-ID"}, mail(DIRECTORY, dicom("lower"))),
    ({"MIM-ID"}, mail(DIRECTORY, dicom("A/B/C/D/E/F/G/H/I"))),
    ({"MIM-ID", "MIM-ID-UNSAFE"}, mail(DIRECTORY, dicom("/A/I1"))),
    ({"MIM-ID", "MIM-ID-UNSAFE"}, mail(DIRECTORY, dicom("../../I1"))),
    ({"MIM-ID-MISSING"}, mail(DIRECTORY, dicom(None))),
    ({"MIM-ID-DUPLICATE"}, mail(DIRECTORY, dicom("I1"), dicom("I1"))),
    ({"MIM-NAME"}, mail(DIRECTORY, dicom("I1", name="I1"))),
    ({"MIM-NAME"}, mail(DIRECTORY, dicom("I1", name=""))),
    ({"MIM-NAME"}, mail(dicom("DICOMDIR", b"directory", name="DICOMDIR.dcm"))),
    (
        {"MIM-FRAGMENT"},
        mail(DIRECTORY, "Content-Type: message/partial; id=x; number=1\n\ntext"),
    ),
    ({"MIM-SEVERAL"}, mail(DIRECTORY, attached(name="OTHER.ZIP", id="OTHER.ZIP"))),
    (set(), mail(attached())),
    ({"MIM-SEVERAL"}, mail(attached(), attached())),
    ({"MIM-SEVERAL"}, mail(attached(), DIRECTORY)),
    ({"MIM-OTHER"}, mail(attached(), "Content-Type: text/plain; name=a.txt\n\ntext")),
    ({"MIM-SUBJECT"}, mail(attached(), subject="your images")),
    (set(), mail(attached(), subject="=?utf-8?Q?DICOM-ZIP_f=C3=BCr?= Sie")),
    ({"MIM-ZIP-TYPE"}, mail(attached(type="application/octet-stream"))),
    ({"MIM-ZIP-TYPE"}, mail(attached(type="application/x-zip-compressed"))),
    ({"MIM-ZIP-NAME"}, mail(attached(id="OTHER.ZIP"))),
    ({"MIM-ZIP-NAME"}, mail(attached(name="images.zip"))),
    ({"MIM-DISPOSITION"}, mail(attached(disposition="inline"))),
    ({"ZIP-TRAILING"}, mail(attached(text=base64.encodebytes(archive() + b"more").decode()))),
]
ELSEWHERE = {"MIM-TOO-MANY"}


@pytest.mark.parametrize(
    ("rules", "data"), CASES, ids=["-".join(sorted(rules)) for rules, _ in CASES]
)
def test_one_break_is_one_rule(rules: set[str], data: bytes, tmp_path: Path) -> None:
    for text in (data, data.replace(b"\n", b"\r\n")):
        (tmp_path / "t.eml").write_bytes(text)
        with open_medium(tmp_path / "t.eml") as medium:
            assert {f.rule for f in medium.findings()} == rules
            entry = medium.find(("DICOMDIR",)) or medium.find(("I1",))
            assert entry is not None
            with medium.open(entry) as file:
                assert file.pread(file.size, 0)[:9] in (b"directory", PICTURE[:9])
            for entry in medium.entries():
                assert not set(entry.name) & {"", ".", ".."}
                assert not any(set(part) & set("/\\\0") for part in entry.name)


def test_every_rule_is_tested_and_says_what_an_operator_needs() -> None:
    assert {r.id for r in RULES} <= set().union(*(rules for rules, _ in CASES)) | ELSEWHERE
    for rule in RULES:
        assert rule.id.startswith("MIM-")
        assert rule.meaning
        assert rule.remedy
        assert rule.reference


@pytest.mark.parametrize("encoding", ["8bit", "binary", "quoted-printable", "BASE64", ""])
def test_reads_every_encoding(tmp_path: Path, encoding: str) -> None:
    data = b"line one = \xe4\r\nline two" + bytes(range(33, 127)) * 3
    text = {
        "quoted-printable": b"line one =3D =E4\r\nline two"
        + b"=\r\n".join(b"".join(b"=%02X" % b for b in range(33, 127)) for _ in range(3)),
        "BASE64": base64.encodebytes(data),
    }.get(encoding, data)
    head, _, _ = mail(dicom("I1", text="@", encoding=encoding)).partition(b"@")
    (tmp_path / "t.eml").write_bytes(head + text + f"\r\n--{B}--".encode())
    with open_medium(tmp_path / "t.eml") as medium:
        assert read_all(medium) == {("I1",): data}


def test_boundaries_are_found_wherever_pieces_of_the_mail_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mime_parts, "_CHUNK", 300)
    parts = [dicom(f"I{n}", os.urandom(n * 3)) for n in range(90)]
    for text in (mail(*parts), mail(*parts).replace(b"\n", b"\r\n")):
        (tmp_path / "t.eml").write_bytes(text)
        with open_medium(tmp_path / "t.eml") as medium:
            assert [e.size for e in medium.entries()] == [n * 3 for n in range(90)]


def test_the_image_of_a_disc_in_the_archive_is_opened(tmp_path: Path, small_image: bytes) -> None:
    text = base64.encodebytes(archive(**{"disc.iso": small_image})).decode()
    (tmp_path / "t.eml").write_bytes(mail(attached(text=text)))
    with open_medium(tmp_path / "t.eml") as medium:
        assert medium.kind == "iso9660"
        assert {f.rule for f in medium.findings()} == {"ZIP-IMAGE"}
        assert medium.find(("DICOM", "P1", "I1")) is not None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (mail("Content-Type: text/html\n\nlook"), "without a ZIP archive or DICOM"),
        (
            b"MIME-Version: 1.0\nContent-Type: application/pgp-encrypted\n\nVersion: 1",
            "an encrypted mail",
        ),
        (b"MIME-Version: 1.0\nContent-Type: message/partial; id=x\n\ntext", "sent in several"),
        (mail(attached(text="QUJD\n")), "attached as a ZIP archive and is none"),
        (mail(attached(encoding="x-other")), "encoded in an unknown way"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "an Outlook message"),
        (b"Subject: no mail\n\ntext", "not an image"),
    ],
)
def test_says_why_a_mail_cannot_be_read(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "t.eml").write_bytes(data)
    with pytest.raises(CannotRead, match=message) as caught:
        open_medium(tmp_path / "t.eml")
    assert caught.value.remedy


def test_parts_in_parts_without_end_end(tmp_path: Path) -> None:
    text = b"MIME-Version: 1.0\n"
    for n in range(1000):
        text += f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n'.encode()
    (tmp_path / "t.eml").write_bytes(text + dicom("I1").encode())
    with pytest.raises(CannotRead):
        open_medium(tmp_path / "t.eml")


def test_headers_are_taken_apart_as_they_come() -> None:
    fields = parse_headers(b"A: 1\r\nb:\t2\r\n 3\r\nnonsense\r\nA: 4\r\n")
    assert fields == {"a": "1", "b": "2 3"}
    value = structured('Application/DICOM; ID="A\\"B" ; name*0*=utf-8\'\'%C3%A4; name*1=b; x')
    assert (value.value, value.parameters) == ("application/dicom", {"id": 'A"B', "name": "äb"})
    assert decoded("=?utf-8?B?w6Q=?= =?x-none?Q?=E4?=").startswith("ä")
    assert structured("").parameters == {}


@pytest.mark.parametrize(
    "header",
    [';a="' * 15_000, ";" * 60_000, "; a*1=" * 9000, '; a="' + "\\" * 60_000],
    ids=["quotes", "semicolons", "stars", "backslashes"],
)
def test_headers_made_to_harm_are_soon_done(header: str) -> None:
    structured("text/plain" + header)


def test_encoded_words_of_a_whole_header_are_left_as_they_are_and_soon() -> None:
    text = "=?a?q?b" * 9000  # within the longest header; each word seems to reach to its end
    start = time.process_time()
    assert decoded(text) == text
    assert time.process_time() - start < 0.5
