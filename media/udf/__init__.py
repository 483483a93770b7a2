"""UDF 1.02 to 2.60 and the bridge with ISO 9660: laid out, encoded, read, checked."""
