"""All artifacts of a site, in the order in which they are written."""

from __future__ import annotations

from hubgrade_ext.hub.setup.artifacts import START_HEADER, Artifact, FileArtifact, FolderArtifact
from hubgrade_ext.hub.setup.hub_piece import hub_piece
from hubgrade_ext.hub.setup.nbgrader_files import course_nbgrader_config, site_nbgrader_config
from hubgrade_ext.hub.setup.site import Site
from hubgrade_ext.hub.setup.state_file import STATE_FILE, site_toml
from hubgrade_ext.hub.setup.system_files import (
    accounts_file,
    folders_file,
    hub_unit,
    proxy_unit,
    site_folders,
)

_MAIN = """\
{header}
c = get_config()  # noqa

# Your own settings of the hub come here.

# The last line, so that it adds to what stands above.
{line}
"""


def loading_line(site: Site) -> str:
    """Return the one line that the administrator's own configuration needs."""
    return f'load_subconfig("{site.piece}")'


def artifacts(site: Site) -> list[Artifact]:
    """Return every file and folder; the state file comes last, so that an interrupted run is seen as one."""
    main = _MAIN.format(header=START_HEADER, line=loading_line(site))
    files: list[Artifact] = [
        FolderArtifact(site.config_dir, policy="once"),
        FolderArtifact(str(site.own_dir), 0o700),
        FileArtifact(str(site.secrets_file), "", 0o600, policy="secret"),
        FileArtifact(str(site.main_config), main, 0o600, policy="once"),
        hub_piece(site),
        site_nbgrader_config(site),
        hub_unit(site),
        proxy_unit(site),
        accounts_file(site),
        folders_file(site),
        *site_folders(site),
        *(course_nbgrader_config(course) for course in site.courses.values()),
        FileArtifact(str(site.own_dir / STATE_FILE), site_toml(site), 0o600),
    ]
    return files
