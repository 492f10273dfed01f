"""The default HTTP engine: httpx's transport alone, one connection per exchange, no client, cookies or proxies."""

from __future__ import annotations

import ssl

import httpx

from oracle.exchange import Answer, Body, HttpFailed, Request, Unreached
from oracle.tls import why

__all__ = ["Httpx", "trusted"]


NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trusted() -> ssl.SSLContext:
    """The certificate authorities to believe: the bundled ones, or those of SSL_CERT_FILE / SSL_CERT_DIR."""
    return httpx.create_ssl_context()


class Httpx:
    """Carries one request over one fresh connection to a given address."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    async def exchange(self, request: Request, address: str, limit_bytes: int) -> Answer:
        """See `oracle.exchange.Engine`."""
        try:
            async with httpx.AsyncHTTPTransport(verify=request.trust or self._trust(request), trust_env=False) as transport:
                return await _exchange(transport, request, address, limit_bytes)
        except httpx.HTTPError as error:
            raise _failure(error, request) from error
        except httpx.InvalidURL as error:
            raise HttpFailed("refused", "the URL can't be sent") from error

    def _trust(self, request: Request) -> ssl.SSLContext:
        # Reading the authorities takes some 20 ms: once, and not before the first request that wants them.
        if request.target.scheme == "http":
            return NOBODY
        if self._context is None:
            self._context = trusted()
        return self._context


async def _exchange(
    transport: httpx.AsyncHTTPTransport, request: Request, address: str, limit_bytes: int
) -> Answer:
    sent = httpx.Request(
        request.method, request.target.at(address), headers=list(request.headers), content=request.body,
        extensions={"sni_hostname": request.target.host},
    )
    response = await transport.handle_async_request(sent)
    try:
        body = Body(response.status_code, response.headers.raw, limit_bytes)
        if request.method != "HEAD":
            body.announced()
        async for chunk in response.aiter_raw():
            body.take(chunk)
        return body.answer()
    finally:
        await response.aclose()


def _failure(error: httpx.HTTPError, request: Request) -> HttpFailed:
    where = request.target.origin
    certificate = _of_tls(error)
    if certificate is not None:
        return HttpFailed("tls", f"{where}: {why(certificate)}")
    match error:
        case httpx.ConnectError():
            return Unreached(f"{where} can't be reached")
        case httpx.LocalProtocolError():
            return HttpFailed("refused", "the request can't be written as HTTP")
        case httpx.RemoteProtocolError() | httpx.DecodingError():
            return HttpFailed("protocol", f"{where} did not answer in HTTP")
        case _:
            return HttpFailed("network", f"{where} broke the connection")


def _of_tls(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error
