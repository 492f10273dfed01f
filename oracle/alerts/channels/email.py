"""Sends mail through the SMTP server of the rule's owner."""

from __future__ import annotations

import datetime as dt
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import attrs
from attrs.validators import gt

from oracle.alerts.configs import EmailConfig
from oracle.alerts.message import html_of, one_line, shortened, subject_of, text_of
from oracle.alerts.owed import siblings_id
from oracle.alerts.posting import recipient, revealed
from oracle.alerts.rule import Rule
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.model import Delivery
from oracle.smtp import MailServer, SmtpFailed, send_mail

__all__ = ["Email"]

LONGEST = 20_000
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
# No quoted names, no literals: what is left is written and read the same way everywhere.
_ADDRESS = re.compile(rf"(?=.{{1,254}}$){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*")


@attrs.frozen
class Email:
    """Sends one message, as text and as HTML, to the one recipient of its delivery; each recipient of a rule has a delivery of
    its own, and all see the same message, with all of them in To and one Message-ID, in every try.

    What the server refuses with 4xx is worth a retry, as are silence and broken connections; 5xx is final, and so is a server
    without STARTTLS where `use_tls` asks for it: nothing goes out in the open then.
    """

    timeout_s: float = attrs.field(default=10.0, validator=gt(0))
    """One try may take this long, connect, handshake and login included."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        to = _address(recipient(delivery))
        config = revealed(rule, tools, "email", EmailConfig)
        server = MailServer(config.far_end, config.smtp_port, config.use_tls, config.smtp_user, config.smtp_password)
        sender, message = _address(config.from_email), _message(delivery, rule, config)
        try:
            return await send_mail(server, sender, to, message, tools.http, self.timeout_s)
        except SmtpFailed as failed:
            raise DeliveryFailed(failed.message, final=failed.final, status=failed.code) from failed


def _address(text: str) -> str:
    """The bare address, its domain as it travels. Raises DeliveryFailed."""
    address = _bare(text)
    if not address:
        raise DeliveryFailed("a mail address of the rule can't be sent to or from", final=True)
    return address


def _bare(text: str) -> str:
    name, _, domain = parseaddr(text)[1].rpartition("@")
    try:
        address = f"{name}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return ""
    return address if _ADDRESS.fullmatch(address) else ""


def _message(delivery: Delivery, rule: Rule, config: EmailConfig) -> bytes:
    ident = siblings_id(delivery.id)
    name, domain = _address(config.from_email).rsplit("@", 1)
    made = EmailMessage(SMTP.clone(cte_type="7bit"))
    made["From"] = str(Address(one_line(parseaddr(config.from_email)[0]), name, domain))
    made["To"] = ", ".join(filter(None, map(_bare, config.to_emails)))
    made["Subject"] = subject_of(rule, delivery.payload)
    made["Date"] = format_datetime(dt.datetime.fromtimestamp(delivery.ts_us // 1_000_000, dt.UTC))
    made["Message-ID"] = f"<{ident}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    # In base64 no line can be taken for the boundary, nor end the message.
    made.set_content(shortened(text_of(rule, delivery.payload), LONGEST), cte="base64")
    made.add_alternative(html_of(rule, delivery.payload), subtype="html", cte="base64")
    made.set_boundary(f"=_{ident}")
    return made.as_bytes()
