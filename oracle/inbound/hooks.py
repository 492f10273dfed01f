"""All webhooks there are, and the door their deliveries come in by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs

from actors import Refused
from oracle.alerts.vault import Vault
from oracle.board import Board
from oracle.inbound import PROVIDERS
from oracle.inbound.incoming import Headers, Incoming
from oracle.inbound.payload import payload_of
from oracle.inbound.signing import hex_of
from oracle.model import ref, split_ref
from oracle.secret import Secret, SecretMissing
from oracle.settings import Settings
from oracle.settings_runs import Tasks

__all__ = ["KIND", "SECRETS", "Hooks", "builtin", "open_hooks"]

KIND = "webhook"
SECRETS = "webhook-secrets.json"
"""The file of the data folder that has the secrets which clients gave us for webhooks."""

_ASKED = (
    "{{webhook.sender}} at {{webhook.provider}} ({{webhook.event_type}}): {{webhook.title}}\n\n{{webhook.text}}\n\n"
    "{{webhook.url}}"
)
_TRIGGERS = {"github": "@{bot}", "jira": "@{bot}", "slack": "@{bot}", "sentry": "issue.created"}


def builtin(tasks: Tasks) -> dict[str, dict[str, Any]]:
    """The webhooks that are always there, by id, which is their provider: one command each, and the secret of the settings,
    without which they are not enabled. They are changed by the settings alone."""
    return {provider: _builtin(provider, trigger.format(bot=tasks.bot_name), tasks) for provider, trigger in _TRIGGERS.items()}


def _builtin(provider: str, trigger: str, tasks: Tasks) -> dict[str, Any]:
    command = {
        "command_id": f"{provider}-default", "name": trigger, "trigger": trigger, "template": _ASKED, "action": "create_task",
        "agent": "brain", "conditions": {}, "priority": 0,
    }  # fmt: skip
    secret = tasks.webhook_secrets.get(provider)
    return {
        "name": provider, "provider": provider, "enabled": secret is not None, "commands": [command], "default_command": "",
        "bot_name": "", "secret": "" if secret is None else str(secret), "created_us": 0, "updated_us": 0,
        "created_by": "settings",
    }  # fmt: skip


def open_hooks(settings: Settings, board: Board) -> Hooks:
    """The webhooks of a data folder. Raises VaultBroken."""
    return Hooks(board, Vault(settings.data.folder, file=SECRETS), settings.tasks)


@attrs.frozen(eq=False)
class Hooks:
    """Reads are synchronous and of one instant, like those of the board. A webhook is the value of its State: {name, provider,
    enabled, commands, default_command, bot_name, secret (a reference), created_us, updated_us, created_by}."""

    board: Board
    vault: Vault
    tasks: Tasks
    own: Mapping[str, dict[str, Any]] = attrs.field(init=False)
    """The ones that are built in."""

    @own.default
    def _own(self) -> Mapping[str, dict[str, Any]]:
        return builtin(self.tasks)

    def everything(self) -> dict[str, dict[str, Any]]:
        """All of them by id, the ones built in first, then in the order they were made."""
        made = {split_ref(state.ref)[1]: state.value for state in self.board.kind(KIND) if state.value is not None}
        return {**self.own, **dict(sorted(made.items(), key=lambda item: item[1]["created_us"]))}

    def find(self, ident: str) -> dict[str, Any]:
        """The webhook of an id. Raises Refused `not_found`."""
        value = self.own.get(ident) or self.board.get(ref(KIND, ident))
        if value is None:
            raise Refused("Webhook not found", "not_found", {"id": ident})
        return value

    def bot_of(self, webhook: Mapping[str, Any]) -> str:
        """What our own account is called where this webhook comes from."""
        return webhook["bot_name"] or self.tasks.bot_name

    def admit(self, provider: str, ident: str, headers: Headers, body: bytes, now_us: int) -> Incoming:
        """What a delivery says, once it is known to be the provider's. Nothing of the body is looked at before.

        Raises Refused: `not_found`, `forbidden` (not enabled, or it has no secret yet), `unauthorized`, `invalid`.
        """
        webhook = self.find(ident)
        if webhook["provider"] != provider:
            raise Refused("Webhook not found", "not_found", {"id": ident})
        if not webhook["enabled"]:
            raise Refused("this webhook is disabled", "forbidden")
        part = PROVIDERS[provider]
        signed = part.verify(self._secret(webhook), headers, body, now_us)
        incoming = part.read(headers, payload_of(headers.get("content-type", ""), body), self.bot_of(webhook))
        return attrs.evolve(incoming, fingerprint=f"sha256:{hashlib.sha256(signed).hexdigest()}")

    def signed(self, ident: str, body: bytes, now_us: int) -> dict[str, str]:
        """The headers by which a body is a delivery to a webhook of anybody's making (`custom`), signed with its secret.

        Raises Refused: `not_found`, `forbidden` (it has no secret), `conflict` where a provider signs in a way of its own.
        """
        webhook = self.find(ident)
        if webhook["provider"] != "custom":
            raise Refused(f"{webhook['provider']} tries its webhooks itself; a trial is for custom ones", "conflict")
        seconds = str(now_us // 1_000_000)
        signature = hex_of(self._secret(webhook), f"{seconds}.".encode(), body)
        return {"content-type": "application/json", "x-webhook-timestamp": seconds, "x-webhook-signature": signature}

    def _secret(self, webhook: Mapping[str, Any]) -> str:
        reference = webhook["secret"]
        try:
            found = Secret.parse(reference).reveal() if reference.startswith(("env:", "file:")) else self.vault.reveal(reference)
        except (KeyError, SecretMissing):
            found = ""
        if not found:
            raise Refused("this webhook has no secret, so nothing can prove where a delivery comes from", "forbidden")
        return found
