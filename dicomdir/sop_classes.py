"""Storage SOP Classes: which Directory Record names their instances, and what people call them.

PS3.3 has no table from SOP Class to record type; this one joins the IOD families of PS3.3 F.5.x
with the Storage SOP Classes of PS3.4 B.5 and GG.3, as of edition 2025.
"""

from typing import Final

_P: Final = "1.2.840.10008.5.1.4.1.1."

# record type → SOP Class UID → short name for messages.
_CURRENT: Final[dict[str, dict[str, str]]] = {
    "IMAGE": {
        f"{_P}1": "CR Image",
        f"{_P}1.1": "Digital X-Ray Image for presentation",
        f"{_P}1.1.1": "Digital X-Ray Image for processing",
        f"{_P}1.2": "Digital Mammography X-Ray Image for presentation",
        f"{_P}1.2.1": "Digital Mammography X-Ray Image for processing",
        f"{_P}1.3": "Digital Intra-Oral X-Ray Image for presentation",
        f"{_P}1.3.1": "Digital Intra-Oral X-Ray Image for processing",
        f"{_P}2": "CT Image",
        f"{_P}2.1": "Enhanced CT Image",
        f"{_P}2.2": "Legacy Converted Enhanced CT Image",
        f"{_P}3.1": "Ultrasound Multi-frame Image",
        f"{_P}6.1": "Ultrasound Image",
        f"{_P}6.2": "Enhanced US Volume",
        f"{_P}6.3": "Photoacoustic Image",
        f"{_P}4": "MR Image",
        f"{_P}4.1": "Enhanced MR Image",
        f"{_P}4.3": "Enhanced MR Color Image",
        f"{_P}4.4": "Legacy Converted Enhanced MR Image",
        f"{_P}7": "SC Image",
        f"{_P}7.1": "Multi-frame Single Bit SC Image",
        f"{_P}7.2": "Multi-frame Grayscale Byte SC Image",
        f"{_P}7.3": "Multi-frame Grayscale Word SC Image",
        f"{_P}7.4": "Multi-frame True Color SC Image",
        f"{_P}12.1": "X-Ray Angiographic Image",
        f"{_P}12.1.1": "Enhanced XA Image",
        f"{_P}12.2": "X-Ray Radiofluoroscopic Image",
        f"{_P}12.2.1": "Enhanced XRF Image",
        f"{_P}13.1.1": "X-Ray 3D Angiographic Image",
        f"{_P}13.1.2": "X-Ray 3D Craniofacial Image",
        f"{_P}13.1.3": "Breast Tomosynthesis Image",
        f"{_P}13.1.4": "Breast Projection X-Ray Image for presentation",
        f"{_P}13.1.5": "Breast Projection X-Ray Image for processing",
        f"{_P}14.1": "Intravascular OCT Image for presentation",
        f"{_P}14.2": "Intravascular OCT Image for processing",
        f"{_P}20": "Nuclear Medicine Image",
        f"{_P}30": "Parametric Map",
        f"{_P}66.4": "Segmentation",
        f"{_P}66.7": "Label Map Segmentation",
        f"{_P}66.8": "Height Map Segmentation",
        f"{_P}77.1.1": "VL Endoscopic Image",
        f"{_P}77.1.1.1": "Video Endoscopic Image",
        f"{_P}77.1.2": "VL Microscopic Image",
        f"{_P}77.1.2.1": "Video Microscopic Image",
        f"{_P}77.1.3": "VL Slide-Coordinates Microscopic Image",
        f"{_P}77.1.4": "VL Photographic Image",
        f"{_P}77.1.4.1": "Video Photographic Image",
        f"{_P}77.1.5.1": "Ophthalmic Photography 8 Bit Image",
        f"{_P}77.1.5.2": "Ophthalmic Photography 16 Bit Image",
        f"{_P}77.1.5.4": "Ophthalmic Tomography Image",
        f"{_P}77.1.5.5": "Wide Field Photography Stereographic Projection Image",
        f"{_P}77.1.5.6": "Wide Field Photography 3D Coordinates Image",
        f"{_P}77.1.5.7": "Ophthalmic OCT En Face Image",
        f"{_P}77.1.5.8": "Ophthalmic OCT B-scan Volume Analysis",
        f"{_P}81.1": "Ophthalmic Thickness Map",
        f"{_P}82.1": "Corneal Topography Map",
        f"{_P}77.1.6": "VL Whole Slide Microscopy Image",
        f"{_P}77.1.7": "Dermoscopic Photography Image",
        f"{_P}77.1.8": "Confocal Microscopy Image",
        f"{_P}77.1.9": "Confocal Microscopy Tiled Pyramidal Image",
        f"{_P}128": "PET Image",
        f"{_P}128.1": "Legacy Converted Enhanced PET Image",
        f"{_P}130": "Enhanced PET Image",
        f"{_P}481.1": "RT Image",
        f"{_P}481.23": "Enhanced RT Image",
        f"{_P}481.24": "Enhanced Continuous RT Image",
    },
    "RT DOSE": {
        f"{_P}481.2": "RT Dose",
    },
    "RT STRUCTURE SET": {
        f"{_P}481.3": "RT Structure Set",
    },
    "RT PLAN": {
        f"{_P}481.5": "RT Plan",
        f"{_P}481.8": "RT Ion Plan",
    },
    "RT TREAT RECORD": {
        f"{_P}481.4": "RT Beams Treatment Record",
        f"{_P}481.6": "RT Brachy Treatment Record",
        f"{_P}481.7": "RT Treatment Summary Record",
        f"{_P}481.9": "RT Ion Beams Treatment Record",
    },
    "PRESENTATION": {
        f"{_P}11.1": "Grayscale Presentation State",
        f"{_P}11.2": "Color Presentation State",
        f"{_P}11.3": "Pseudo-Color Presentation State",
        f"{_P}11.4": "Blending Presentation State",
        f"{_P}11.5": "XA/XRF Grayscale Presentation State",
        f"{_P}11.6": "Grayscale Planar MPR Volumetric Presentation State",
        f"{_P}11.7": "Compositing Planar MPR Volumetric Presentation State",
        f"{_P}11.8": "Advanced Blending Presentation State",
        f"{_P}11.9": "Volume Rendering Volumetric Presentation State",
        f"{_P}11.10": "Segmented Volume Rendering Volumetric Presentation State",
        f"{_P}11.11": "Multiple Volume Rendering Volumetric Presentation State",
        f"{_P}11.12": "Variable Modality LUT Presentation State",
        f"{_P}131": "Basic Structured Display",
    },
    "WAVEFORM": {
        f"{_P}9.1.1": "12-lead ECG Waveform",
        f"{_P}9.1.2": "General ECG Waveform",
        f"{_P}9.1.3": "Ambulatory ECG Waveform",
        f"{_P}9.1.4": "General 32-bit ECG Waveform",
        f"{_P}9.2.1": "Hemodynamic Waveform",
        f"{_P}9.3.1": "Cardiac Electrophysiology Waveform",
        f"{_P}9.4.1": "Basic Voice Audio Waveform",
        f"{_P}9.4.2": "General Audio Waveform",
        f"{_P}9.5.1": "Arterial Pulse Waveform",
        f"{_P}9.6.1": "Respiratory Waveform",
        f"{_P}9.6.2": "Multi-channel Respiratory Waveform",
        f"{_P}9.7.1": "Routine Scalp Electroencephalogram Waveform",
        f"{_P}9.7.2": "Electromyogram Waveform",
        f"{_P}9.7.3": "Electrooculogram Waveform",
        f"{_P}9.7.4": "Sleep Electroencephalogram Waveform",
        f"{_P}9.8.1": "Body Position Waveform",
    },
    "WF PRESENTATION": {
        f"{_P}9.100.1": "Waveform Presentation State",
        f"{_P}9.100.2": "Waveform Acquisition Presentation State",
    },
    "SR DOCUMENT": {
        f"{_P}88.11": "Basic Text SR",
        f"{_P}88.22": "Enhanced SR",
        f"{_P}88.33": "Comprehensive SR",
        f"{_P}88.34": "Comprehensive 3D SR",
        f"{_P}88.35": "Extensible SR",
        f"{_P}88.40": "Procedure Log",
        f"{_P}88.50": "Mammography CAD SR",
        f"{_P}88.65": "Chest CAD SR",
        f"{_P}88.67": "X-Ray Radiation Dose SR",
        f"{_P}88.68": "Radiopharmaceutical Radiation Dose SR",
        f"{_P}88.69": "Colon CAD SR",
        f"{_P}88.70": "Implantation Plan SR",
        f"{_P}88.71": "Acquisition Context SR",
        f"{_P}88.72": "Simplified Adult Echo SR",
        f"{_P}88.73": "Patient Radiation Dose SR",
        f"{_P}88.74": "Planned Imaging Agent Administration SR",
        f"{_P}88.75": "Performed Imaging Agent Administration SR",
        f"{_P}88.76": "Enhanced X-Ray Radiation Dose SR",
        f"{_P}88.77": "Waveform Annotation SR",
        f"{_P}78.6": "Spectacle Prescription Report",
        f"{_P}79.1": "Macular Grid Thickness and Volume Report",
    },
    "KEY OBJECT DOC": {
        f"{_P}88.59": "Key Object Selection Document",
    },
    "SPECTROSCOPY": {
        f"{_P}4.2": "MR Spectroscopy",
    },
    "RAW DATA": {
        f"{_P}66": "Raw Data",
    },
    "REGISTRATION": {
        f"{_P}66.1": "Spatial Registration",
        f"{_P}66.3": "Deformable Spatial Registration",
    },
    "FIDUCIAL": {
        f"{_P}66.2": "Spatial Fiducials",
    },
    "ENCAP DOC": {
        f"{_P}104.1": "Encapsulated PDF",
        f"{_P}104.2": "Encapsulated CDA",
        f"{_P}104.3": "Encapsulated STL",
        f"{_P}104.4": "Encapsulated OBJ",
        f"{_P}104.5": "Encapsulated MTL",
    },
    "VALUE MAP": {
        f"{_P}67": "Real World Value Mapping",
    },
    "STEREOMETRIC": {
        f"{_P}77.1.5.3": "Stereometric Relationship",
    },
    "MEASUREMENT": {
        f"{_P}78.1": "Lensometry Measurements",
        f"{_P}78.2": "Autorefraction Measurements",
        f"{_P}78.3": "Keratometry Measurements",
        f"{_P}78.4": "Subjective Refraction Measurements",
        f"{_P}78.5": "Visual Acuity Measurements",
        f"{_P}78.7": "Ophthalmic Axial Measurements",
        f"{_P}78.8": "Intraocular Lens Calculations",
        f"{_P}80.1": "Ophthalmic Visual Field Static Perimetry Measurements",
    },
    "SURFACE": {
        f"{_P}66.5": "Surface Segmentation",
    },
    "SURFACE SCAN": {
        f"{_P}68.1": "Surface Scan Mesh",
        f"{_P}68.2": "Surface Scan Point Cloud",
    },
    "TRACT": {
        f"{_P}66.6": "Tractography Results",
    },
    "ASSESSMENT": {
        f"{_P}90.1": "Content Assessment Results",
    },
    "ANNOTATION": {
        f"{_P}91.1": "Microscopy Bulk Simple Annotations",
    },
    "PLAN": {
        f"{_P}481.25": "RT Patient Position Acquisition Instruction",
        "1.2.840.10008.5.1.4.34.7": "RT Beams Delivery Instruction",
        "1.2.840.10008.5.1.4.34.10": "RT Brachy Application Setup Delivery Instruction",
    },
    "RADIOTHERAPY": {
        f"{_P}481.10": "RT Physician Intent",
        f"{_P}481.11": "RT Segment Annotation",
        f"{_P}481.12": "RT Radiation Set",
        f"{_P}481.13": "C-Arm Photon-Electron Radiation",
        f"{_P}481.14": "Tomotherapeutic Radiation",
        f"{_P}481.15": "Robotic-Arm Radiation",
        f"{_P}481.16": "RT Radiation Record Set",
        f"{_P}481.17": "RT Radiation Salvage Record",
        f"{_P}481.18": "Tomotherapeutic Radiation Record",
        f"{_P}481.19": "C-Arm Photon-Electron Radiation Record",
        f"{_P}481.20": "Robotic Radiation Record",
        f"{_P}481.21": "RT Radiation Set Delivery Instruction",
        f"{_P}481.22": "RT Treatment Preparation",
    },
    "HANGING PROTOCOL": {
        "1.2.840.10008.5.1.4.38.1": "Hanging Protocol",
    },
    "PALETTE": {
        "1.2.840.10008.5.1.4.39.1": "Color Palette",
    },
    "IMPLANT": {
        "1.2.840.10008.5.1.4.43.1": "Generic Implant Template",
    },
    "IMPLANT ASSY": {
        "1.2.840.10008.5.1.4.44.1": "Implant Assembly Template",
    },
    "IMPLANT GROUP": {
        "1.2.840.10008.5.1.4.45.1": "Implant Template Group",
    },
    "INVENTORY": {
        f"{_P}201.1": "Inventory",
    },
}
# Retired (PS3.4 B.6) but still in archives: an old image is an image. Their record types are
# those of the classes that took their place, so that a directory can name them where a profile
# lets them in.
_RETIRED: Final[dict[str, dict[str, str]]] = {
    "IMAGE": {
        f"{_P}3": "Ultrasound Multi-frame Image (retired)",
        f"{_P}5": "Nuclear Medicine Image (retired)",
        f"{_P}6": "Ultrasound Image (retired)",
        f"{_P}12.3": "X-Ray Angiographic Bi-Plane Image (retired)",
        f"{_P}77.1": "VL Image (trial)",
        f"{_P}77.2": "VL Multi-frame Image (trial)",
        "1.2.840.10008.5.1.1.29": "Hardcopy Grayscale Image (retired)",
        "1.2.840.10008.5.1.1.30": "Hardcopy Color Image (retired)",
    },
    "WAVEFORM": {f"{_P}9.1": "Waveform (trial)"},
    "SR DOCUMENT": {
        f"{_P}88.1": "Text SR (trial)",
        f"{_P}88.2": "Audio SR (trial)",
        f"{_P}88.3": "Detail SR (trial)",
        f"{_P}88.4": "Comprehensive SR (trial)",
    },
    "PLAN": {"1.2.840.10008.5.1.4.34.1": "RT Beams Delivery Instruction (trial)"},
}
# Retired together with the record types that named them (OVERLAY, CURVE, MODALITY LUT, VOI LUT,
# STORED PRINT), or withdrawn without a name.
_RETIRED_WITHOUT_RECORD: Final[dict[str, str]] = {
    f"{_P}8": "Standalone Overlay",
    f"{_P}9": "Standalone Curve",
    f"{_P}10": "Standalone Modality LUT",
    f"{_P}11": "Standalone VOI LUT",
    f"{_P}129": "Standalone PET Curve",
    "1.2.840.10008.5.1.1.27": "Stored Print",
    f"{_P}12.77": "class withdrawn before it had a name",
    f"{_P}40": "class withdrawn before it had a name",
}
# Storage SOP Classes of PS3.4 for which PS3.3 F.5 defines no record.
_PROTOCOLS: Final[dict[str, str]] = {
    f"{_P}200.1": "CT Defined Procedure Protocol",
    f"{_P}200.2": "CT Performed Procedure Protocol",
    f"{_P}200.3": "Protocol Approval",
    f"{_P}200.7": "XA Defined Procedure Protocol",
    f"{_P}200.8": "XA Performed Procedure Protocol",
}
# Registered under the DICOM root but defined by others: luggage (NEMA IIC 1, DICOS) and
# workpieces (ASTM E2339, DICONDE) are no composite IODs of PS3.3.
_OTHER_STANDARDS: Final[dict[str, str]] = {
    f"{_P}501.1": "DICOS CT Image",
    f"{_P}501.2.1": "DICOS Digital X-Ray Image for presentation",
    f"{_P}501.2.2": "DICOS Digital X-Ray Image for processing",
    f"{_P}501.3": "DICOS Threat Detection Report",
    f"{_P}501.4": "DICOS 2D AIT",
    f"{_P}501.5": "DICOS 3D AIT",
    f"{_P}501.6": "DICOS Quadrupole Resonance",
    f"{_P}601.1": "Eddy Current Image",
    f"{_P}601.2": "Eddy Current Multi-frame Image",
}
_DIRECTORY: Final = {"1.2.840.10008.1.3.10": "Media Storage Directory"}

RECORD_TYPE_OF: Final[dict[str, str]] = {
    uid: record_type
    for table in (_CURRENT, _RETIRED)
    for record_type, names in table.items()
    for uid in names
}
# SOP Classes that no standard record may name → why.
WITHOUT_RECORD: Final[dict[str, str]] = {
    **dict.fromkeys(_PROTOCOLS, "PS3.3 F.5 defines no Directory Record for protocols"),
    **dict.fromkeys(_OTHER_STANDARDS, "defined outside DICOM, with no Directory Record"),
    **dict.fromkeys(_RETIRED_WITHOUT_RECORD, "retired together with its Directory Record"),
    **dict.fromkeys(_DIRECTORY, "the directory is not named in itself"),
}
NAME_OF: Final[dict[str, str]] = {
    **{uid: name for names in _CURRENT.values() for uid, name in names.items()},
    **{uid: name for names in _RETIRED.values() for uid, name in names.items()},
    **_RETIRED_WITHOUT_RECORD,
    **_PROTOCOLS,
    **_OTHER_STANDARDS,
    **_DIRECTORY,
}
# What PS3.4 B.5 and GG.3 allow on media today; with a record or without.
KNOWN_STORAGE: Final = frozenset((*(u for names in _CURRENT.values() for u in names), *_PROTOCOLS))
RETIRED_STORAGE: Final = frozenset(
    (*(u for names in _RETIRED.values() for u in names), *_RETIRED_WITHOUT_RECORD)
)
