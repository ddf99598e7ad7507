"""The command line: parses options, calls the library, prints. No arithmetic, no DICOM."""
