"""nbgrader's configuration: one file for everybody, one in each course's folder."""

from __future__ import annotations

from hubgrade_ext.hub.setup.artifacts import START_HEADER, FileArtifact, own
from hubgrade_ext.hub.setup.site import Course, Site

_SITE = """\
from nbgrader.auth import JupyterHubAuthPlugin

c = get_config()  # noqa

# Where students and teachers meet; mode 1777, so that nobody can rename away a course.
c.Exchange.root = "{exchange}"

# A fetched assignment goes into a folder of its course: two courses may both have a "ps1".
c.Exchange.path_includes_course = True

# Who is in which course is said by the hub's groups nbgrader-COURSE and formgrade-COURSE.
c.Authenticator.plugin_class = JupyterHubAuthPlugin
"""

_ONLY_COURSE = """
# There is one course: nobody has to name it.
c.CourseDirectory.course_id = "{course_id}"
"""

_COURSE = """\
{header}
c = get_config()  # noqa

c.CourseDirectory.course_id = "{course_id}"
c.CourseDirectory.root = "{folder}"
"""


def site_nbgrader_config(site: Site) -> FileArtifact:
    """Return the file for everybody; it names the course when there is only one."""
    text = _SITE.format(exchange=site.exchange)
    if len(site.courses) == 1:
        text += _ONLY_COURSE.format(course_id=next(iter(site.courses)))
    return own(f"{site.jupyter_config_dir}/nbgrader_config.py", text)


def course_nbgrader_config(course: Course) -> FileArtifact:
    """Return the course's own file, which its teachers go on editing."""
    text = _COURSE.format(header=START_HEADER, course_id=course.course_id, folder=course.folder)
    return FileArtifact(f"{course.folder}/nbgrader_config.py", text, 0o644, course.account, "once")
