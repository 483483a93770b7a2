"""A new head for a file whose data set is good but whose preamble or File Meta is not."""

from dicomdir.file_meta import encode_file_meta
from dicomdir.instance import Instance


def rehead(instance: Instance) -> tuple[bytes, int, int]:
    """Return (head, offset, length): the new file is *head*, then that range of the source.

    The head is preamble, prefix and File Meta Information (PS3.10 7.1) with the UIDs of the data
    set; the range, in bytes of ``instance.source``, is the data set, which is not touched.
    """
    head = encode_file_meta(
        instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid
    )
    return head, instance.dataset_offset, instance.size - instance.dataset_offset
