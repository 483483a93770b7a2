"""ZIP archives with a password: in the traditional way and with AES, as others make them."""

import hmac
import os
import struct
import subprocess
import zlib
from hashlib import pbkdf2_hmac
from pathlib import Path

import pytest
from media_contents import Contents, Peer, read_all

from media import open_medium
from media.locked import Locked, WrongPassword
from reporting import CannotRead

PICTURE = b"picture" * 2000
FLAGS_OF_STRONG = 65  # encrypted, and in PKWARE's own way (APPNOTE 4.4.4)


def test_encrypted_in_the_old_way_is_read_with_its_password(tree: Path, peer: Peer) -> None:
    (tree / "STORED").write_bytes(os.urandom(5000))
    target = tree.parent / "t.zip"
    names = ["README.TXT", "DICOMDIR", "STORED", "EMPTY"]
    subprocess.run([peer("zip"), "-q", "-P", "secret", str(target), *names], cwd=tree, check=True)
    with open_medium(target, password=b"secret") as medium:
        read = read_all(medium)
        assert {name[0]: data for name, data in read.items()} == {
            name: (tree / name).read_bytes() for name in names
        }
        assert {f.rule for f in medium.findings()} == {"ZIP-ENCRYPTED"}
    for password, kind in ((None, Locked), (b"other", WrongPassword)):
        with pytest.raises(kind) as caught:
            open_medium(target, password=password)
        assert caught.value.where == str(target)
        assert "password" in caught.value.remedy


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("method", ["Deflate", "Copy", "LZMA"])
def test_what_7_zip_encrypts_with_aes_is_read(
    tree: Path, real_contents: Contents, peer: Peer, bits: int, method: str
) -> None:
    (tree / "LARGE").write_bytes(bytes(200_000) + os.urandom(200_001))
    target = tree.parent / "t.zip"
    options = ["-bd", "-tzip", "-ppass word", f"-mem=AES{bits}", f"-mm={method}"]
    command = [peer("7z"), "a", *options, str(target), "."]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    with open_medium(target, password=b"pass word") as medium:
        read = read_all(medium)
        assert read.pop(("LARGE",)) == (tree / "LARGE").read_bytes()
        assert read == real_contents
        rare = {"ZIP-METHOD-RARE"} if method == "LZMA" else set()
        found = [f for f in medium.findings() if f.rule not in rare]
        files = len(real_contents) + 1
        message = f"{files} of {files} files are encrypted"  # one finding for all of them
        assert [(f.rule, f.message) for f in found] == [("ZIP-ENCRYPTED-AES", message)]
    with pytest.raises(WrongPassword):
        open_medium(target, password=b"pass  word")
    with pytest.raises(Locked):
        open_medium(target)


def test_what_was_changed_in_a_file_encrypted_with_aes_is_told(tmp_path: Path, peer: Peer) -> None:
    (tmp_path / "I1").write_bytes(bytes(100_000))
    (tmp_path / "I2").write_bytes(b"2" * 1000)
    target = tmp_path / "t.zip"
    options = ["-bd", "-tzip", "-psecret", "-mem=AES256", "-mm=Copy"]
    command = [peer("7z"), "a", *options, str(target), "I1", "I2"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    data = bytearray(target.read_bytes())
    data[50_000] ^= 1
    target.write_bytes(data)
    with open_medium(target, password=b"secret") as medium:
        first, second = medium.entries()
        assert medium.open(second).pread(1000, 0) == b"2" * 1000
        with pytest.raises(CannotRead, match="was changed"):
            medium.open(first).pread(100_000, 0)


def archive_of_one(name: bytes, packed: bytes, extra: bytes, *fields: int) -> bytes:
    """Return an archive; *fields* are flags, method, checksum and size."""
    flags, method, crc, size = fields
    common = struct.pack(
        *("<5H3I2H", 51, flags, method, 0, 0x5C64),
        *(crc, len(packed), size, len(name), len(extra)),
    )
    local = b"PK\x03\x04" + common + name + extra + packed
    central = struct.pack("<4sH", b"PK\x01\x02", 3 << 8) + common
    central += struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, 0) + name + extra
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def encrypted_with_aes(content: bytes, password: bytes, version: int, method: int = 0) -> bytes:
    """Return an archive as WinZip's description has it, which knows two versions."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt = b"saltsalt"
    keys = pbkdf2_hmac("sha1", password, salt, 1000, 34)
    cipher = Cipher(algorithms.AES(keys[:16]), modes.ECB()).encryptor()  # noqa: S305 (counters)
    packer = zlib.compressobj(wbits=-15)
    plain = packer.compress(content) + packer.flush() if method else content
    counters = b"".join(n.to_bytes(16, "little") for n in range(1, len(plain) // 16 + 2))
    stream = cipher.update(counters)
    body = bytes(a ^ b for a, b in zip(plain, stream, strict=False))
    proof = hmac.new(keys[16:32], body, "sha1").digest()[:10]
    extra = struct.pack("<3H2sBH", 0x9901, 7, version, b"AE", 1, method)
    crc = zlib.crc32(content) if version == 1 else 0
    packed = salt + keys[32:] + body + proof
    return archive_of_one(b"I1", packed, extra, 1, 99, crc, len(content))


@pytest.mark.parametrize("way", ["AES256", "ZipCrypto"])
def test_damaged_files_are_not_taken_for_another_password(
    way: str, tmp_path: Path, peer: Peer
) -> None:
    names = ["I1", "I2"]
    for name in names:
        (tmp_path / name).write_bytes(bytes(1000))
    target = tmp_path / "t.zip"
    options = ["-bd", "-tzip", "-psecret", f"-mem={way}", "-mm=Copy"]
    command = [peer("7z"), "a", *options, str(target), *names]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    data = bytearray(target.read_bytes())
    for at in (500, 1600):  # in the content of each
        data[at] ^= 1
    target.write_bytes(data)
    with open_medium(target, password=b"secret") as medium:
        for entry in medium.entries():
            with pytest.raises(CannotRead, match="damaged"):
                medium.open(entry).pread(1000, 0)
    with pytest.raises(WrongPassword):
        open_medium(target, password=b"other")


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_of_aes_are_read(tmp_path: Path, version: int) -> None:
    data = encrypted_with_aes(PICTURE, b"secret", version)
    (tmp_path / "t.zip").write_bytes(data)
    with open_medium(tmp_path / "t.zip", password=b"secret") as medium:
        assert read_all(medium) == {("I1",): PICTURE}


@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
def test_a_proof_that_does_not_fit_is_told_whatever_unpacks(tmp_path: Path, method: int) -> None:
    content = PICTURE * 80  # larger than what is read whole to try the password
    data = bytearray(encrypted_with_aes(content, b"secret", 2, method))
    target = tmp_path / "t.zip"
    target.write_bytes(data)
    with open_medium(target, password=b"secret") as medium:
        assert read_all(medium) == {("I1",): content}
    data[data.index(b"PK\x01\x02") - 1] ^= 1  # the last byte of the proof
    target.write_bytes(data)
    with (
        open_medium(target, password=b"secret") as medium,
        pytest.raises(CannotRead, match="was changed"),
    ):
        read_all(medium)


def test_what_is_not_encrypted_is_read_without_the_password(tree: Path, peer: Peer) -> None:
    target = tree.parent / "t.zip"
    subprocess.run([peer("zip"), "-q", str(target), "README.TXT"], cwd=tree, check=True)
    command = [peer("zip"), "-qr", "-P", "secret", str(target), "DICOMDIR", "DICOM"]
    subprocess.run(command, cwd=tree, check=True)
    with open_medium(target) as medium:
        entry = medium.find(("README.TXT",))
        assert entry is not None
        assert medium.open(entry).pread(entry.size, 0) == (tree / "README.TXT").read_bytes()
        locked = medium.find(("DICOMDIR",))
        assert locked is not None
        with pytest.raises(Locked):
            medium.open(locked)
        assert [f.rule for f in medium.findings()] == ["ZIP-ENCRYPTED"]


def test_what_is_encrypted_in_an_unknown_way_says_so(tmp_path: Path) -> None:
    data = archive_of_one(b"I1", PICTURE, b"", FLAGS_OF_STRONG, 0, 1, len(PICTURE))
    (tmp_path / "t.zip").write_bytes(data)
    for password in (None, b"secret"):
        with pytest.raises(Locked) as caught:
            open_medium(tmp_path / "t.zip", password=password)
        assert "the program that made it" in caught.value.remedy
