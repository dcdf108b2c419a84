"""systemd's files: units for hub and proxy, the accounts of the courses, folders made again after a boot."""

from __future__ import annotations

from pathlib import PurePosixPath

from hubgrade_ext.hub.setup.artifacts import FileArtifact, FolderArtifact, own
from hubgrade_ext.hub.setup.site import Site

HUB_UNIT = "jupyterhub.service"
PROXY_UNIT = "jupyterhub-proxy.service"
LISTED = "hubgrade.conf"
PRIVILEGED_PORTS = 1024

_HUB = """\
[Unit]
Description=JupyterHub
Wants=network-online.target {proxy}
After=network-online.target {proxy}

[Service]
UMask=0077
{state}\
WorkingDirectory={site.hub_dir}
Environment=PATH={site.venv}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The minus: what it finds is in the journal, and the hub starts all the same.
ExecStartPre=-{site.venv}/bin/hubgrade preflight --hub --config {site.main_config}
ExecStart={site.venv}/bin/jupyterhub -f {site.main_config}
# Only the hub itself is stopped: people's servers, and the jobs in them, outlive its restart.
KillMode=process
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
"""

_PROXY = """\
[Unit]
Description=JupyterHub's proxy
Wants=network-online.target
After=network-online.target

[Service]
# A user that exists only while it runs; the token comes from systemd, which reads the file as root.
DynamicUser=yes
EnvironmentFile={site.secrets_file}
{credentials}\
ExecStart={command}
{capabilities}\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


def hub_unit(site: Site) -> FileArtifact:
    """Return the hub's unit; it runs as root, because it starts servers for other users."""
    state = ""
    if PurePosixPath(site.hub_dir).parent == PurePosixPath("/var/lib"):
        state = f"StateDirectory={PurePosixPath(site.hub_dir).name}\nStateDirectoryMode=0700\n"
    return own(f"{site.systemd_dir}/{HUB_UNIT}", _HUB.format(site=site, state=state, proxy=PROXY_UNIT))


def proxy_unit(site: Site) -> FileArtifact:
    """Return the proxy's unit; it runs as nobody in particular, and reads the TLS key through systemd."""
    credentials = capabilities = ""
    if site.tls:
        credentials = f"LoadCredential=cert.pem:{site.tls_cert}\nLoadCredential=key.pem:{site.tls_key}\n"
    if site.public_port < PRIVILEGED_PORTS:
        capabilities = (
            "AmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
        )
    text = _PROXY.format(
        site=site,
        credentials=credentials,
        capabilities=capabilities,
        command=" \\\n    ".join(_proxy_command(site)),
    )
    return own(f"{site.systemd_dir}/{PROXY_UNIT}", text)


def _proxy_command(site: Site) -> list[str]:
    hub = f"http://127.0.0.1:{site.hub_port}{site.base_url}hub"
    words = [
        site.chp,
        *([f"--ip={site.public_ip}"] if site.public_ip else []),
        f"--port={site.public_port}",
        "--api-ip=127.0.0.1",
        f"--api-port={site.proxy_api_port}",
        f"--default-target=http://127.0.0.1:{site.hub_port}",
        f"--error-target={hub}/error",
    ]
    if site.tls:
        words += [
            "--ssl-cert=${CREDENTIALS_DIRECTORY}/cert.pem",
            "--ssl-key=${CREDENTIALS_DIRECTORY}/key.pem",
        ]
        if site.public_port == 443:
            words.append("--redirect-port=80")
    return words


def accounts_file(site: Site) -> FileArtifact:
    """Return the list from which `systemd-sysusers` makes the courses' accounts, without password."""
    lines = [
        f'u {course.account} - "Course {course.course_id}" {site.home_dir}/{course.account} /bin/bash'
        for course in site.courses.values()
    ]
    return own(f"{site.sysusers_dir}/{LISTED}", "".join(f"{line}\n" for line in lines))


def folders_file(site: Site) -> FileArtifact:
    """Return the list from which `systemd-tmpfiles` makes the folders, should they be gone."""
    lines = [f"d {f.path} {f.mode:04o} {f.owner} {f.owner} -\n" for f in site_folders(site)]
    return own(f"{site.tmpfiles_dir}/{LISTED}", "".join(lines))


def site_folders(site: Site) -> list[FolderArtifact]:
    """Return the folders that people's work lives in, parents first."""
    folders = [FolderArtifact(site.hub_dir, 0o700), FolderArtifact(site.exchange, 0o1777)]
    for course in site.courses.values():
        home = f"{site.home_dir}/{course.account}"
        # 0700: the folder holds the solutions
        folders += [
            FolderArtifact(path, 0o700, course.account) for path in dict.fromkeys((home, course.folder))
        ]
        folders.append(FolderArtifact(f"{course.folder}/source", 0o700, course.account, "once"))
    return folders
