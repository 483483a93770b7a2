"""SCSI commands to a target of iSCSI on this machine, through libiscsi: a transport like any other.

The layouts below are those of libiscsi 1.19 (Debian's libiscsi7), include/scsi-lowlevel.h.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from drivers.transport import CHECK_CONDITION, Answer, TimedOut, TransportFailed

_NONE, _READ, _WRITE = 0, 1, 2  # SCSI_XFER_…
_NORMAL_SESSION = 2
_TIMED_OUT = 0x0F000002  # SCSI_STATUS_TIMEOUT
_OWN_STATUS = 0x0F000000  # from here on states of libiscsi, not of SCSI
_INITIATOR = b"iqn.2024-01.org.filmjacket.tests:initiator"


class _Sense(ctypes.Structure):
    _fields_ = (
        ("error_type", ctypes.c_ubyte),
        ("key", ctypes.c_int),
        ("ascq", ctypes.c_int),
        ("flags", ctypes.c_ubyte),  # three fields of one bit each
        ("bit_pointer", ctypes.c_ubyte),
        ("field_pointer", ctypes.c_uint16),
    )


class _Bytes(ctypes.Structure):
    _fields_ = (("size", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_ubyte)))


class _Task(ctypes.Structure):
    """The beginning of struct scsi_task."""

    _fields_ = (
        ("status", ctypes.c_int),
        ("cdb_size", ctypes.c_int),
        ("direction", ctypes.c_int),
        ("expected", ctypes.c_int),
        ("cdb", ctypes.c_ubyte * 16),
        ("residual_status", ctypes.c_int),
        ("residual", ctypes.c_size_t),
        ("sense", _Sense),
        ("data_in", _Bytes),
    )


def libiscsi() -> ctypes.CDLL | None:
    """Return the library; None where it is not installed."""
    try:
        return ctypes.CDLL("libiscsi.so.7")
    except OSError:
        return None


class _Library:
    """The functions that are used, with their types."""

    def __init__(self, library: ctypes.CDLL) -> None:
        pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        task = ctypes.POINTER(_Task)
        self._library = library
        self.create: Any = self._typed("iscsi_create_context", pointer, text)
        self.destroy: Any = self._typed("iscsi_destroy_context", number, pointer)
        self.name_target: Any = self._typed("iscsi_set_targetname", number, pointer, text)
        self.session: Any = self._typed("iscsi_set_session_type", number, pointer, number)
        self.digest: Any = self._typed("iscsi_set_header_digest", number, pointer, number)
        self.patience: Any = self._typed("iscsi_set_timeout", number, pointer, number)
        self.once: Any = self._typed("iscsi_set_noautoreconnect", None, pointer, number)
        self.connect: Any = self._typed("iscsi_full_connect_sync", number, pointer, text, number)
        self.error: Any = self._typed("iscsi_get_error", text, pointer)
        self.logout: Any = self._typed("iscsi_logout_sync", number, pointer)
        self.task: Any = self._typed("scsi_create_task", task, number, text, number, number)
        self.free: Any = self._typed("scsi_free_scsi_task", None, task)
        self.command: Any = self._typed(
            "iscsi_scsi_command_sync", task, pointer, number, task, ctypes.POINTER(_Bytes)
        )

    def _typed(self, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        function = getattr(self._library, name)
        function.restype, function.argtypes = result, arguments
        return function  # type: ignore[no-any-return]  # ctypes knows no types


class IscsiTransport:
    """One logical unit behind a portal of the loopback interface."""

    largest = 64 << 10

    def __init__(self, port: int, target: str, lun: int) -> None:
        library = libiscsi()
        assert library is not None
        self.name, self._lun = f"iscsi {target}/{lun}", lun
        self._library = _Library(library)
        self._context = self._library.create(_INITIATOR)
        self._library.name_target(self._context, target.encode())
        self._library.session(self._context, _NORMAL_SESSION)
        self._library.digest(self._context, 0)
        self._library.patience(self._context, 10)
        self._library.once(self._context, 1)  # a target that is gone stays gone
        if self._library.connect(self._context, b"127.0.0.1:%d" % port, lun):
            raise self._failed()

    def execute(
        self,
        cdb: bytes,
        *,
        data_out: bytes | memoryview = b"",
        length: int = 0,
        timeout: float = 30.0,
    ) -> Answer:
        self._library.patience(self._context, max(int(timeout), 1))
        direction = _WRITE if data_out else _READ if length else _NONE
        task = self._library.task(len(cdb), bytes(cdb), direction, len(data_out) or length)
        out = None
        if data_out:
            buffer = (ctypes.c_ubyte * len(data_out)).from_buffer_copy(data_out)
            pointer = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ubyte))
            out = ctypes.byref(_Bytes(len(data_out), pointer))
        done = self._library.command(self._context, self._lun, task, out)
        try:
            if not done:
                raise self._failed()
            return self._answer(task.contents, length)
        finally:
            self._library.free(task)

    def _answer(self, task: _Task, length: int) -> Answer:
        came = task.data_in
        data = ctypes.string_at(came.data, came.size) if came.size > 0 and came.data else b""
        if task.status == _TIMED_OUT:
            raise TimedOut("the device does not answer", self.name, "Start again")
        if task.status >= _OWN_STATUS:
            raise self._failed()
        if task.status == CHECK_CONDITION:  # the length of the sense data goes before them
            return Answer(task.status, b"", data[2:])
        return Answer(task.status, data[:length], b"", int(task.residual))

    def _failed(self) -> TransportFailed:
        said = (self._library.error(self._context) or b"").decode("latin-1")
        return TransportFailed(f"the way to the device failed ({said})", self.name, "Start again")

    def close(self) -> None:
        if self._context:
            self._library.logout(self._context)
            self._library.destroy(self._context)
            self._context = None
