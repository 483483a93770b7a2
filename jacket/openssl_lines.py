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
_ROW: Final = 12  # octets that have room in a line

# A line that a shell takes out of the README.TXT ends with CR LF, and CR is a character like any
# other to a shell. So each line ends with a command that does nothing, whatever its words are. The
# sign behind it makes a remark of the CR, but not in the shell of macOS, which knows none there.
_NOTHING: Final = ": #"
_OPEN: Final = ("then", "do", "else", "{")  # words that another command follows at once

# An empty line is none: it is what is left of a copied one. A CR at the end comes the same way.
SHELL_PASSWORD: Final = (
    'P=; while [ -z "$P" ] && IFS= read -r P; do',
    '  P=${P%"$(printf "\\r")"}',
    'done; set -- -pwri_password "$P"',
)
SHELL_KEY: Final = 'set -- -recip "$HOME/dicom-cert.pem" -inkey "$HOME/dicom-key.pem"'
POWERSHELL_PASSWORD: Final = ("do { $P = Read-Host } until ($P); $Key = '-pwri_password', $P",)
POWERSHELL_KEY: Final = '$Key = "-recip", "$HOME\\dicom-cert.pem", "-inkey", "$HOME\\dicom-key.pem"'
PKCS12: Final = (  # in both kinds of shell
    'cd "$HOME"',
    "openssl pkcs12 -in my.p12 -clcerts -nokeys -out dicom-cert.pem",
    "openssl pkcs12 -in my.p12 -nocerts -nodes -out dicom-key.pem",
)


def ended(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines for a POSIX shell that mean the same with a CR behind each of them.

    The status of a line is lost: nothing may depend on it but what stands in the line.
    """
    for line in lines:
        yield f"{line}{'' if line.endswith(_OPEN) else ';'} {_NOTHING}"


def in_a_shell(refusal: str, *, is_signed: bool, is_wrapped: bool) -> Iterator[str]:
    """Yield lines for a POSIX shell: from $DISC to $OUT, opened by the words that are set.

    Args:
        refusal: what is said where these words do not open the DICOMDIR.
        is_signed: SignedData is in the envelopes, else DigestedData.
        is_wrapped: it is in a ContentInfo already, as OpenSSL itself writes it.
    """
    yield 'opened() { openssl cms -decrypt -binary -inform DER "$@"; }'
    yield f'checked() {{ openssl cms {_check(is_signed=is_signed)} -binary -inform DER "$@"; }}'
    begin, end = ((), ()) if is_wrapped else (_begin(is_signed=is_signed), _END)
    yield "whole() {"
    yield from _printed(begin)
    yield '  opened -in "$@"'
    yield from _printed(end)
    yield "}"
    # Linux shows the names of a disc in small letters.
    yield 'D=$(find "$DISC"/[Dd]* -iname DICOMDIR | head -n 1)'
    yield 'M=$(find "$DISC"/[Mm]* -iname MANIFEST.TXT 2> /dev/null | head -n 1)'
    yield "U=$(umask); umask 077"
    yield "if ! openssl version; then"
    yield '  echo "OPENSSL IS NOT INSTALLED."'
    yield 'elif [ -z "$D" ]; then'
    yield '  echo "THERE IS NO DICOMDIR IN $DISC. Go back to step 1."'
    yield 'elif ! opened -in "$D" "$@" > /dev/null 2>&1; then'
    yield f'  echo "{refusal}"'
    yield "else"
    yield from (f"  {line}" for line in _loop_in_a_shell())
    yield from (f"  {line}" for line in _count_in_a_shell())
    yield "fi"
    # What is typed next has the password no more, and makes files as before.
    yield 'umask "$U"; set --; unset P'


def _loop_in_a_shell() -> Iterator[str]:
    # Other systems put files of their own on sticks: all of ours begin with a D.
    yield 'find "$DISC"/[Dd]* -type f ! -name "*.*" | while IFS= read -r F; do'
    yield '  N=$(printf %s "${F#"$DISC"}" | tr a-z A-Z | sed "s:^/*::")'
    yield '  T="$OUT/$N"; mkdir -p "${T%/*}"'
    yield '  H=$(openssl dgst -sha256 -r < "$F" | cut -c 1-64)'
    yield '  if [ -n "$M" ] && ! grep -qFx "$H *$N" "$M"; then'
    yield '    echo "CHANGED: $F"'
    yield "  fi"
    # Of a set each disc has the same names: the second must not take the place of the first.
    yield '  if [ -e "$T" ]; then'
    yield '    echo "THERE ALREADY: $F"'
    yield '  elif whole "$F" "$@" | checked -out "$T.part"; then'
    yield '    mv "$T.part" "$T" && printf .'
    yield "  else"
    yield '    rm -f "$T.part"; echo "NOT OPENED: $F"'
    yield "  fi"
    yield "done 2> /dev/null"


def _count_in_a_shell() -> Iterator[str]:
    yield 'A=$(($(find "$OUT" -type f | wc -l)))'
    yield 'if [ -z "$M" ]; then'
    yield '  echo; echo "THERE IS NO MANIFEST.TXT: FILES MAY BE MISSING."'
    yield "else"
    # All of ours but the texts: these have an ending.
    yield '  cut -c 67- "$M" | grep -v "[.]" | while IFS= read -r N; do'
    yield '    if [ ! -e "$OUT/$N" ]; then'
    yield '      echo; echo "MISSING: $N"'
    yield "    fi"
    yield "  done"
    yield '  A="$A OF $(grep -vc "[.]" "$M")"'
    yield "fi"
    yield 'echo; echo "$A FILES ARE IN $OUT"'


def _printed(octets: tuple[int, ...]) -> Iterator[str]:
    for place in range(0, len(octets), _ROW):
        row = "".join(f"\\{value:03o}" for value in octets[place : place + _ROW])
        yield f"  printf '{row}'"


def in_powershell(refusal: str, *, is_signed: bool, is_wrapped: bool) -> Iterator[str]:
    """Yield a block as `in_a_shell`, for PowerShell: from $Disc to $Out, opened by $Key.

    It goes by way of files, as what PowerShell 5 pipes from program to program is text. Paths are
    made absolute for them: what is of .NET does not know the folder that PowerShell is in.
    """
    begin, end = ((), ()) if is_wrapped else (_begin(is_signed=is_signed), _END)
    yield "& {"
    yield "  if (-not (Get-Command openssl -ErrorAction Ignore)) {"
    yield "    return 'POWERSHELL DOES NOT FIND OPENSSL.'"
    yield "  }"
    yield "  $First = Get-ChildItem -LiteralPath $Disc -Recurse -File `"
    yield "    -Filter DICOMDIR | Select-Object -First 1"
    yield "  if (-not $First) {"
    yield '    return "THERE IS NO DICOMDIR IN $Disc. Go back to step 1."'
    yield "  }"
    yield "  $Out = (New-Item -ItemType Directory -Force $Out).FullName"
    yield "  if (-not $Out) { return }"
    yield '  $Half = "$Out\\unfinished"'
    yield f"  $Begin = [byte[]]@({','.join(map(str, begin))})"
    yield f"  $End = [byte[]]@({','.join(map(str, end))})"
    yield from (f"  {line}" for line in _listed_in_powershell())
    yield "  openssl version"
    yield from _decrypt_in_powershell("$First.FullName", "  ")
    yield "  if ($LASTEXITCODE -ne 0) {"
    yield '    Remove-Item -LiteralPath "$Half.1" -ErrorAction Ignore'
    yield f"    return '{refusal}'"
    yield "  }"
    yield from (f"  {line}" for line in _loop_in_powershell(_check(is_signed=is_signed)))
    yield "  $Count = @(Get-ChildItem -LiteralPath $Out -Recurse -File).Count"
    yield "  foreach ($Name in $Names) {"
    yield '    if (-not (Test-Path -LiteralPath "$Out\\$Name")) {'
    yield '      "MISSING: $Name"'
    yield "    }"
    yield "  }"
    yield '  if ($List) { $Count = "$Count OF $($Names.Count)" }'
    yield "  else { 'THERE IS NO MANIFEST.TXT: FILES MAY BE MISSING.' }"
    yield '  "`n$Count FILES ARE IN $Out"'
    yield "}"
    yield "Remove-Variable P, Key -ErrorAction Ignore"


def _listed_in_powershell() -> Iterator[str]:
    """Yield lines that make $Listed, a table of the lines of MANIFEST.TXT, and $Names of ours."""
    yield "$Root = (Get-Item -LiteralPath $Disc).FullName.TrimEnd('\\')"
    yield '$List = Get-Content -LiteralPath "$Root\\MANIFEST.TXT" `'
    yield "  -ErrorAction Ignore"
    yield '$Listed = @{}; $List | ForEach-Object { $Listed["$_"] = 1 }'
    yield "$Names = @($List | Where-Object { $_ -and $_ -notlike '*.*' } |"
    yield "  ForEach-Object { $_.Substring(66) })"


def _loop_in_powershell(check: str) -> Iterator[str]:
    yield "Get-ChildItem -LiteralPath $Disc -Recurse -File |"
    yield "Where-Object Extension -eq '' | ForEach-Object {"
    yield "  $To = $Out + $_.FullName.Substring($Root.Length)"
    yield "  $Folder = [IO.Path]::GetDirectoryName($To)"
    yield "  [IO.Directory]::CreateDirectory($Folder) | Out-Null"
    yield "  $Line = (Get-FileHash -LiteralPath $_.FullName).Hash + ' *' +"
    yield "    $_.FullName.Substring($Root.Length + 1).Replace('\\', '/')"
    yield "  if ($List -and -not $Listed.ContainsKey($Line)) {"
    yield '    "CHANGED: $($_.FullName)"'
    yield "  }"
    yield "  if (Test-Path -LiteralPath $To) {"
    yield '    return "THERE ALREADY: $($_.FullName)"'
    yield "  }"
    yield from _decrypt_in_powershell("$_.FullName", "  ")
    yield "  if ($LASTEXITCODE -eq 0) {"
    yield '    $Writer = [IO.File]::Create("$Half.2")'
    yield '    $Reader = [IO.File]::OpenRead("$Half.1")'
    yield "    $Writer.Write($Begin, 0, $Begin.Length)"
    yield "    $Reader.CopyTo($Writer)"
    yield "    $Writer.Write($End, 0, $End.Length)"
    yield "    $Reader.Close(); $Writer.Close()"
    yield f"    openssl cms {check} -binary -inform DER `"
    yield '      -in "$Half.2" -out "$Half.3" 2>$null'
    yield "  }"
    yield "  if ($LASTEXITCODE -eq 0) {"
    # This refuses to replace a file.
    yield '    [IO.File]::Move("$Half.3", $To); Write-Host -NoNewline .'
    yield '  } else { "NOT OPENED: $($_.FullName)" }'
    yield "}"
    yield 'Remove-Item -LiteralPath "$Half.1", "$Half.2", "$Half.3" `'
    yield "  -ErrorAction Ignore"


def _decrypt_in_powershell(source: str, indent: str) -> Iterator[str]:
    yield f"{indent}openssl cms -decrypt -binary -inform DER -in {source} `"
    yield f'{indent}  -out "$Half.1" @Key 2>$null'


def _begin(*, is_signed: bool) -> tuple[int, ...]:
    return (*_BEFORE, _SIGNED if is_signed else _DIGESTED, *_BEHIND)


def _check(*, is_signed: bool) -> str:
    return "-verify -noverify" if is_signed else "-digest_verify"
