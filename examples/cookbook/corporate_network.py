"""A client for a network with a proxy, its own certificate authority, or servers that ask for a client certificate.

`python corporate_network.py --help` lists the options. The program makes one call, to show that they work. It needs
`OPPER_API_KEY`, and `pip install truststore`.
"""

import argparse
import os
import ssl
import sys
from collections.abc import Generator
from contextlib import contextmanager

import truststore
from opper_chat import APIError, DefaultHttpxClient, Opper

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


def create_tls_context(certificate: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """Return a context that trusts what the operating system trusts.

    Args:
        certificate: the path of a client certificate, in PEM format, with its chain.
        key: the path of its private key, if that is in another file.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


@contextmanager
def open_client(context: ssl.SSLContext, proxy: str | None = None) -> Generator[Opper]:
    """Open a client with a TLS context of its own, and a proxy that the environment does not name.

    Args:
        context: how servers are verified.
        proxy: such as `http://proxy.example.com:8080` or `socks5://127.0.0.1:1080`. By default, the proxies of the
            environment are used.
    """
    with DefaultHttpxClient(verify=context, proxy=proxy) as http_client, Opper(http_client=http_client) as client:
        yield client


def main() -> int:
    parser = argparse.ArgumentParser(description="Make one call through a corporate network.")
    parser.add_argument("--proxy", help="the URL of a proxy, instead of those of the environment")
    parser.add_argument("--certificate", help="the path of a client certificate")
    parser.add_argument("--key", help="the path of its private key")
    options = parser.parse_args()
    with open_client(create_tls_context(options.certificate, options.key), options.proxy) as client:
        try:
            completion = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}])
        except APIError as error:
            print(f"The call failed: {error}", file=sys.stderr)
            return 1
    print(completion.text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
