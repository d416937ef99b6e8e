"""TLS by the files that were given, and the system's reasons in words."""

import os
import ssl
from socket import gaierror

from fitness_core import paths
from fitness_core.errors import InputError


def context_of(certificate: str, key: str) -> ssl.SSLContext | None:
    """What a server with these PEM files needs; None without any. Raises InputError for what cannot be used."""
    if not certificate and not key:
        return None
    if not (certificate and key):
        raise InputError("TLS needs both, a certificate and its key; give the other PEM file too")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(paths.given(certificate), paths.given(key))
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"TLS: {certificate} and {key} cannot be used: {reason(error)}") from None
    return context


def reason(error: OSError | UnicodeError) -> str:
    """Why, in words without numbers."""
    if isinstance(error, UnicodeError):  # of the codec for the names of machines
        return "no name or address of a machine"
    if isinstance(error, gaierror):  # its numbers are none of the system's
        return (error.strerror or str(error)).lower()
    if isinstance(error, ssl.SSLError) or not error.errno:
        return str(error)
    return os.strerror(error.errno).lower()
