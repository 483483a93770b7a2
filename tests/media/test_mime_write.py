"""Mails that we make: others take the same bytes out of them."""

import email
import email.policy
import hashlib
import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pytest

from media import (
    DigestList,
    Envelope,
    NameDoesNotFit,
    NamedSource,
    open_medium,
    write_mail,
    write_mime,
    write_zip,
)
from media.source import FileRange
from reporting import CannotRead, CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=2)))
Peer = Callable[[str], str]
Contents = Mapping[tuple[str, ...], bytes]


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory, real_sources: list[NamedSource]) -> Path:
    target = tmp_path_factory.mktemp("mail") / "t.eml"
    write_mail(real_sources, target, recorded=RECORDED)
    return target


@pytest.fixture(scope="module")
def mime(tmp_path_factory: pytest.TempPathFactory, real_sources: list[NamedSource]) -> Path:
    target = tmp_path_factory.mktemp("mime") / "t.eml"
    write_mime(real_sources, target, recorded=RECORDED)
    return target


def parsed(path: Path) -> email.message.EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    assert not message.defects
    return message


def payload(part: email.message.Message) -> bytes:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def test_the_archive_is_attached_as_ps3_11_asks(
    mail: Path, real_sources: list[NamedSource], tmp_path: Path
) -> None:
    message = parsed(mail)
    assert message.get_content_type() == "multipart/mixed"
    assert "DICOM-ZIP" in message["Subject"]
    assert message["Date"].datetime == RECORDED
    assert (message["From"], message["To"], message["X-Unsent"]) == (None, None, "1")
    letter, archive = message.iter_parts()
    assert letter.get_content_type() == "text/plain"
    assert archive.get_content_type() == "application/zip"
    assert dict(archive["Content-Type"].params) == {"id": "DICOM.ZIP", "name": "DICOM.ZIP"}
    assert archive.get_content_disposition() == "attachment"
    assert archive.get_filename() == "DICOM.ZIP"
    assert not archive.defects
    write_zip(real_sources, tmp_path / "t.zip", recorded=RECORDED)
    assert payload(archive) == (tmp_path / "t.zip").read_bytes()


def test_every_file_is_a_part_as_ps3_12_k_asks(mime: Path, real_contents: Contents) -> None:
    message = parsed(mime)
    assert message.get_content_type() == "multipart/mixed"
    _, *parts = message.iter_parts()
    assert [payload(part) for part in parts] == list(real_contents.values())
    for name, part in zip(real_contents, parts, strict=True):
        assert not part.defects
        parameters = dict(part["Content-Type"].params)
        if name == ("README.TXT",):
            assert part.get_content_type() == "application/octet-stream"
            assert "id" not in parameters
            continue
        assert part.get_content_type() == "application/dicom"
        title = "DICOMDIR" if name == ("DICOMDIR",) else f"{name[-1]}.dcm"
        assert parameters == {"id": "/".join(name), "name": title}


def test_lines_are_what_mail_servers_take(mail: Path, mime: Path) -> None:
    for path in (mail, mime):
        data = path.read_bytes()
        assert data.isascii()
        lines = data.split(b"\r\n")
        assert max(map(len, lines)) <= 78
        assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_munpack_and_ripmime_take_the_same_bytes_out(
    mail: Path, mime: Path, real_contents: Contents, peer: Peer, tmp_path: Path
) -> None:
    expected = sorted(content for content in real_contents.values() if content)
    for path, least in ((mail, None), (mime, expected)):
        for tool, options in (
            ("munpack", ["-q", "-f", "-C", str(tmp_path / f"m{path.parent.name}"), str(path)]),
            ("ripmime", ["-i", str(path), "-d", str(tmp_path / f"r{path.parent.name}")]),
        ):
            folder = tmp_path / f"{tool[0]}{path.parent.name}"
            folder.mkdir()
            subprocess.run([peer(tool), *options], check=True, capture_output=True)
            found = [p.read_bytes() for p in folder.iterdir()]
            if least is None:
                (archive,) = (data for data in found if data[:2] == b"PK")
                assert zipfile.ZipFile(BytesIO(archive)).testzip() is None
            elif tool == "ripmime":  # The other saves all files of one name under one name.
                assert set(least) <= set(found)
            else:
                assert set(found) & set(least)


def test_we_read_what_we_wrote_and_find_nothing(
    mail: Path, mime: Path, real_contents: Contents
) -> None:
    for path, kind in ((mail, "zip"), (mime, "mime")):
        with open_medium(path) as medium:
            assert medium.kind == kind
            entries = list(medium.entries())
            assert {e.name: medium.open(e).pread(e.size, 0) for e in entries} == real_contents
            assert [e.offset for e in entries] == sorted(e.offset for e in entries)
            assert medium.findings() == []
            assert medium.find_tolerant(("dicomdir",)) == entries[0]


@pytest.mark.parametrize("write", [write_mail, write_mime])
def test_the_same_input_gives_the_same_bytes_and_their_digests(
    write: Callable[..., object],
    real_sources: list[NamedSource],
    real_contents: Contents,
    tmp_path: Path,
) -> None:
    def compose(digests: Mapping[tuple[str, ...], str]) -> bytes:
        return "".join(f"{d}  {'/'.join(n)}\n" for n, d in digests.items()).encode()

    size = len(compose({source.name: "0" * 64 for source in real_sources}))
    manifest = DigestList(("MANIFEST.TXT",), size, compose, RECORDED)
    results = []
    for number in range(2):
        target = tmp_path / f"{number}.eml"
        writer = write_mail if write is write_mail else write_mime
        written = writer(real_sources, target, recorded=RECORDED, digest_list=manifest)
        assert written.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
        assert written.size == target.stat().st_size
        results.append((written.sha256, written.digests))
    assert results[0] == results[1]
    expected = {n: hashlib.sha256(c).hexdigest() for n, c in real_contents.items()}
    listed = compose(expected)
    assert results[0][1] == expected | {("MANIFEST.TXT",): hashlib.sha256(listed).hexdigest()}
    with open_medium(tmp_path / "0.eml") as medium:
        entry = medium.find(("MANIFEST.TXT",))
        assert entry is not None
        assert medium.open(entry).pread(entry.size, 0) == listed


def test_addresses_subject_and_letter_are_the_callers(tmp_path: Path) -> None:
    envelope = Envelope(
        "Ärztin <a@clinic.example>", "b@clinic.example", "Ünterlagen", "Grüße\nvon uns"
    )
    target = tmp_path / "t.eml"
    write_mail([], target, recorded=RECORDED, envelope=envelope)
    message = parsed(target)
    assert message["From"] == envelope.sender
    assert message["To"] == envelope.recipient
    assert message["Subject"] == "DICOM-ZIP Ünterlagen"
    assert message["X-Unsent"] is None
    letter = next(message.iter_parts())
    assert payload(letter).decode() == "Grüße\r\nvon uns"


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope(subject="DICOM-ZIP\r\nBcc: c@clinic.example"),
        Envelope(sender="a@clinic.example\nX: y"),
        Envelope(recipient="\u00e4@clinic.example"),
        Envelope(subject="x" * 1000),
    ],
)
def test_nothing_gets_into_the_headers_that_is_none(envelope: Envelope, tmp_path: Path) -> None:
    for write in (write_mail, write_mime):
        with pytest.raises(CannotWrite):
            write([], tmp_path / "t.eml", recorded=RECORDED, envelope=envelope)
    assert list(tmp_path.iterdir()) == []


def test_too_large_a_mail_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    sources = [NamedSource(("I1",), (os.urandom(10_000),), RECORDED)]
    for write in (write_mail, write_mime):
        with pytest.raises(CannotWrite, match="where the medium has 13,000"):
            write(sources, tmp_path / "t.eml", recorded=RECORDED, capacity=13_000)
        assert list(tmp_path.iterdir()) == []
        write(sources, tmp_path / "t.eml", recorded=RECORDED, capacity=16_000).size  # noqa: B018
        (tmp_path / "t.eml").unlink()


def test_a_source_that_changes_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 1000)
    folder = tmp_path / "out"
    folder.mkdir()
    source = NamedSource(("I1",), (FileRange(str(tmp_path / "source"), 0, 999),), RECORDED)
    for write in (write_mail, write_mime):
        with pytest.raises(CannotRead, match="changed"):
            write([source], folder / "t.eml", recorded=RECORDED)
    assert list(folder.iterdir()) == []


def test_file_ids_that_are_none_are_refused(tmp_path: Path) -> None:
    for name in (("lower",), ("A" * 9,), ("A",) * 9):
        for write in (write_mail, write_mime):
            with pytest.raises(NameDoesNotFit):
                write([NamedSource(name, (b"",), RECORDED)], tmp_path / "t", recorded=RECORDED)
    longest = ("A" * 8,) * 8
    write_mime([NamedSource(longest, (b"x",), RECORDED)], tmp_path / "t", recorded=RECORDED)
    with open_medium(tmp_path / "t") as medium:
        assert [entry.name for entry in medium.entries()] == [longest]
        assert medium.findings() == []
