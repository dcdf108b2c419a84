"""Run the hub's catalogue and report, problems first."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import structs

from hubgrade_ext.core.models import Finding, HubReport
from hubgrade_ext.preflight.hub_catalogue import HUB_CATALOGUE
from hubgrade_ext.preflight.hub_side.asking import ask_hub_side
from hubgrade_ext.preflight.hub_side.facts import HubSide
from hubgrade_ext.preflight.runner import ORDER, check_ids, run_check


def run_hub(config: Path | None = None, user: str = "", only: Collection[str] = ()) -> HubReport:
    """Answer “will the hub work?”; `asking.ask_hub_side` says what the arguments mean.

    Raises: InvalidRequest for an id that is not in the catalogue; what `ask_hub_side` raises.
    """
    check_ids(only, HUB_CATALOGUE)
    return report(ask_hub_side(config, user), only)


def report(side: HubSide, only: Collection[str] = ()) -> HubReport:
    """Judge these facts."""
    findings: dict[str, Finding] = {}
    for check in HUB_CATALOGUE:
        # an administrator's machine is mended by the administrator: there are no fixes
        findings[check.check_id] = structs.replace(run_check(check, side, findings), fixable=False)
    wanted = [finding for check_id, finding in findings.items() if not only or check_id in only]
    return HubReport(
        side.hub_config.file.path,
        side.user,
        sorted(wanted, key=lambda finding: ORDER[finding.status]),
        errors=sum(finding.status == "error" for finding in wanted),
        warnings=sum(finding.status == "warning" for finding in wanted),
    )
