"""What sites do otherwise: modes of exchange and homes, groupshared, another prefix, TLS, JupyterHub 5."""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.realhub.hub import ROOT, RealHub, Visitor
from tests.realhub.people import Person
from tests.realhub.site import Site
from tests.realhub.test_cycle_in_chromium import check_borders, cycle, may_rename
from tests.realhub.visiting import Visit

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
MakeSite = Callable[..., Site]


def cycle_by_api(hub: RealHub, site: Site, *, grader: Person, course_id: str = "course101") -> None:
    """Take ps1 from its source to the feedback in the hands of ada and ben; `grader` collects and grades."""
    ines, students = hub.visitor(site.ines.name), (site.ada, site.ben)
    key = ines.course_key(course_id)
    for verb in ("generate_assignment", "release_assignment"):
        assert ines.do(key, verb)["job"] == "done", ines.told
    everybody = {student.name: "done" for student in students}
    at_home: list[tuple[Person, Visitor, str]] = []
    for student in students:
        visitor = hub.visitor(student.name)
        mine = visitor.course_key(course_id)
        for verb in ("fetch_assignment", "submit"):
            assert visitor.do(mine, verb) == {"job": "done", "ps1": "done"}, visitor.told
        at_home.append((student, visitor, mine))
    teacher = hub.visitor(grader.name)
    key = teacher.course_key(course_id)
    for verb in ("collect", "autograde", "generate_feedback", "release_feedback"):
        scope = "all" if verb == "generate_feedback" else "remaining"  # not all is graded by hand
        assert teacher.do(key, verb, scope=scope) == {"job": "done", **everybody}, (verb, teacher.told)
    for student, visitor, mine in at_home:
        assert visitor.do(mine, "fetch_feedback")["job"] == "done", visitor.told
        pages = (student.home / course_id / "ps1" / "feedback").glob("*/problem1.html")
        assert [page.owner() for page in pages] == [student.name]


def test_exchange_0777_and_homes_0755(another_site: MakeSite) -> None:
    site = another_site(home_mode=0o755, exchange_mode=0o777, services=False)
    with site.hub() as hub:
        hub.spawn(site.ines.name, site.ada.name, site.ben.name)
        cycle_by_api(hub, site, grader=site.ines)
        assert stat.S_IMODE(site.exchange.stat().st_mode) == 0o777
        for test in ("-r", "-w", "-x"):  # the home is open, its course is not
            assert site.ada.may("-x", site.ines.home)
            assert not site.ada.may(test, site.course)
        assert not site.ada.may("-r", site.exchange / "course101" / "inbound")
        # what this mode means, and what preflight says about it
        assert may_rename(site.ada, site.exchange / "course101")
        ines = hub.visitor(site.ines.name)
        report = ines.get(f"/courses/{ines.course_key('course101')}/preflight")
        (found,) = [one for one in report["findings"] if one["check_id"] == "exchange.sticky"]
        assert found["status"] == "warning"
        assert "chmod 1777" in found["remedy"]


def test_groupshared_course_and_exchange_2775(another_site: MakeSite) -> None:
    """Course folder and exchange belong to a Unix group of graders; the exchange to nobody else.

    nbgrader leaves the mode of a group-shared course's exchange to the administrator.
    """
    site = another_site(services=False, exchange_mode=0o2775)
    group = site.machine.group("graders", site.ines, site.gus)
    site.share(group)
    shutil.chown(site.exchange, "root")
    with site.hub(more_site_config="c.CourseDirectory.groupshared = True\n") as hub:
        hub.spawn(site.ines.name, site.gus.name, site.ada.name, site.ben.name)
        assert hub.visitor(site.gus.name).roles()["course101"] == ["instructor", "student"]
        cycle_by_api(hub, site, grader=site.gus)
        assert stat.S_IMODE(site.exchange.stat().st_mode) == 0o2775
        for folder in ("outbound", "inbound"):
            assert (site.exchange / "course101" / folder).group() == group
        assert {path.group() for path in (site.course / "submitted").rglob("*")} == {group}
        # what gus graded, ines may grade again
        ines = hub.visitor(site.ines.name)
        again = ines.do(ines.course_key("course101"), "autograde", students=[site.ben.name])
        assert again == {"job": "done", site.ben.name: "done"}, ines.told
        assert not site.ada.may("-x", site.course)


def test_release_into_another_groups_2775_exchange_says_why_not(another_site: MakeSite) -> None:
    site = another_site(services=False, exchange_mode=0o2775)
    site.share(site.machine.group("graders", site.ines, site.gus))
    shutil.chown(site.exchange, "root", site.machine.group("others", site.ivan))
    with site.hub(more_site_config="c.CourseDirectory.groupshared = True\n") as hub:
        hub.spawn(site.ines.name)
        ines = hub.visitor(site.ines.name)
        key = ines.course_key("course101")
        assert ines.do(key, "generate_assignment")["job"] == "done", ines.told
        assert ines.do(key, "release_assignment")["ps1"] == "failed"
        (told,) = ines.told["results"]
        assert str(site.exchange) in told["message"]
        assert told["remedy"]
        report = ines.get(f"/courses/{key}/preflight")
        (found,) = [one for one in report["findings"] if one["check_id"] == "exchange.writable"]
        assert found["status"] == "error"
        assert "mode 2775" in found["remedy"]


def test_cycle_below_a_prefix_and_with_tls(another_site: MakeSite, visit: Visit) -> None:
    site = another_site()
    key, certificate = make_certificate(site.machine.folder)
    tls = f"c.JupyterHub.ssl_key = {str(key)!r}\nc.JupyterHub.ssl_cert = {str(certificate)!r}\n"
    with site.hub(base_url="/jhub/", scheme="https", more_config=tls, ca=certificate) as hub:
        hub.spawn(site.ines.name, site.ben.name)
        cycle(hub, site, visit)
        visit.close()
        check_borders(hub, site)
        gus = hub.visitor(site.gus.name, "/services/course201")
        assert gus.roles() == {"course201": ["instructor", "student"]}


def test_cycle_with_internal_tls(another_site: MakeSite) -> None:
    """nbgrader's own plug-in knows nothing of the hub's certificates; hubgrade's jobs get by without it."""
    site = another_site(services=False)
    with site.hub(internal_ssl=True, more_config="c.JupyterHub.internal_ssl = True\n") as hub:
        hub.spawn(site.ines.name, site.ada.name, site.ben.name)
        assert hub.visitor(site.ada.name).roles() == {"course101": ["student"]}
        cycle_by_api(hub, site, grader=site.ines)


def test_cycle_on_jupyterhub_5(another_site: MakeSite, visit: Visit, hub5_bin: Path) -> None:
    site = another_site()
    with site.hub(bin_dir=hub5_bin) as hub:
        assert hub.api("GET", "/info")[1]["version"].startswith("5.")
        hub.spawn(site.ines.name, site.ben.name)
        cycle(hub, site, visit)
        visit.close()
        check_borders(hub, site)
        gus = hub.visitor(site.gus.name, "/services/course201")
        assert gus.roles() == {"course201": ["instructor", "student"]}
        for user, place in ((site.cy, "/services/course201"), (site.ivan, "/services/course201")):
            assert hub.visitor(user.name, place).ask("GET", "/lab")[0] == 403


@pytest.fixture(scope="session")
def hub5_bin() -> Path:
    """The programs of a virtual environment with JupyterHub 5 and the project, made once in .venv-hub5."""
    script = "source scripts/setup.sh && ensure_hub5"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / ".venv-hub5" / "bin"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a self-signed certificate for 127.0.0.1, with the address as its alternative name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub of the tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    places = folder / "hub.key", folder / "hub.crt"
    pem = serialization.Encoding.PEM
    places[0].write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    places[0].chmod(0o600)
    places[1].write_bytes(certificate.public_bytes(pem))
    return places
