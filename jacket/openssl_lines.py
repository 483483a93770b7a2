"""Lines to type that open all Secure DICOM Files of a medium with OpenSSL and a shell.

What our envelopes hold is a bare SignedData or DigestedData (PS3.15 D.1, RFC 5652 6.1). OpenSSL
checks these only inside of a ContentInfo, so the lines put one around, of indefinite length: then
its beginning and its end are the same for every file.
"""

from collections.abc import Iterable, Iterator
from typing import Final

# ContentInfo (RFC 5652 3) up to its content: 1.2.840.113549.1.7.x, and [0] around what follows.
_BEFORE: Final = (0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07)
_SIGNED, _DIGESTED = 2, 5  # the last number of its type
_BEHIND: Final = (0xA0, 0x80)
_END: Final = (0, 0, 0, 0)  # the end of both values of indefinite length

SHELL_PASSWORD: Final = 'IFS= read -r P; set -- -pwri_password "$P"'  # noqa: S105 (asks for one)
SHELL_KEY: Final = 'set -- -recip "$HOME/cert.pem" -inkey "$HOME/key.pem"'
POWERSHELL_PASSWORD: Final = "$Key = '-pwri_password', (Read-Host)"  # noqa: S105 (asks for one)
POWERSHELL_KEY: Final = '$Key = "-recip", "$HOME\\cert.pem", "-inkey", "$HOME\\key.pem"'
PKCS12: Final = (
    "openssl pkcs12 -in my.p12 -clcerts -nokeys -out cert.pem",
    "openssl pkcs12 -in my.p12 -nocerts -nodes -out key.pem",
)


def in_a_shell(*, is_signed: bool, is_wrapped: bool) -> Iterator[str]:
    """Yield a loop for a POSIX shell: from $DISC to $OUT, opened by the words that are set.

    Args:
        is_signed: SignedData is in the envelopes, else DigestedData.
        is_wrapped: it is in a ContentInfo already, as OpenSSL itself writes it.
    """
    yield 'cd "$DISC" && find . -type f ! -name "*.*" |'
    yield "while IFS= read -r F; do"
    # Of a set each disc has the same names: the second must not take the place of the first.
    yield '  [ -e "$OUT/$F" ] && { echo "THERE ALREADY: $F"; continue; }'
    yield '  mkdir -p "$OUT/${F%/*}"'
    decrypt = 'openssl cms -decrypt -binary -inform DER -in "$F" "$@"'
    if is_wrapped:
        yield f"  {decrypt} |"
    else:
        yield f"  {{ printf '{_octal(_begin(is_signed=is_signed))}'"
        yield f"    {decrypt}"
        yield f"    printf '{_octal(_END)}'; }} |"
    yield f"  openssl cms {_check(is_signed=is_signed)} -binary \\"
    yield '    -inform DER -out "$OUT/$F" ||'
    yield '  { rm -f "$OUT/$F"; echo "NOT OPENED: $F"; }'
    yield "done"


def in_powershell(*, is_signed: bool, is_wrapped: bool) -> Iterator[str]:
    """Yield a loop as `in_a_shell`, for PowerShell: from $Disc to $Out, opened by $Key.

    It goes by way of files, as what PowerShell 5 pipes from program to program is text.
    """
    begin, end = ((), ()) if is_wrapped else (_begin(is_signed=is_signed), _END)
    yield "cd $Disc"
    yield f"$Begin = [byte[]]@({','.join(map(str, begin))})"
    yield f"$End = [byte[]]@({','.join(map(str, end))})"
    yield "Get-ChildItem -Recurse -File | Where-Object Extension -eq '' |"
    yield "ForEach-Object {"
    yield "  $To = Join-Path $Out (Resolve-Path -Relative $_.FullName)"
    yield '  if (Test-Path $To) { "THERE ALREADY: $_"; return }'
    yield "  New-Item -ItemType Directory -Force (Split-Path $To) | Out-Null"
    yield "  openssl cms -decrypt -binary -inform DER -in $_.FullName `"
    yield '    -out "$To.1" @Key'
    yield "  if ($LASTEXITCODE -eq 0) {"
    yield '    $Writer = [IO.File]::Create("$To.2")'
    yield '    $Reader = [IO.File]::OpenRead("$To.1")'
    yield "    $Writer.Write($Begin, 0, $Begin.Length)"
    yield "    $Reader.CopyTo($Writer)"
    yield "    $Writer.Write($End, 0, $End.Length)"
    yield "    $Reader.Close(); $Writer.Close()"
    yield f"    openssl cms {_check(is_signed=is_signed)} -binary `"
    yield '      -inform DER -in "$To.2" -out $To'
    yield "  }"
    yield "  if ($LASTEXITCODE -ne 0) {"
    yield '    Remove-Item $To -ErrorAction Ignore; "NOT OPENED: $_"'
    yield "  }"
    yield '  Remove-Item "$To.1", "$To.2" -ErrorAction Ignore'
    yield "}"


def _begin(*, is_signed: bool) -> tuple[int, ...]:
    return (*_BEFORE, _SIGNED if is_signed else _DIGESTED, *_BEHIND)


def _octal(values: Iterable[int]) -> str:
    return "".join(f"\\{value:03o}" for value in values)


def _check(*, is_signed: bool) -> str:
    return "-verify -noverify" if is_signed else "-digest_verify"
