"""What an administrator would otherwise type: a hub with nbgrader courses, written out as files.

```
what was asked            site.Site with its site.Courses; kept in site.toml (state_file)
      │  artifacts.py     pure: one module an artifact
      ▼
artifacts                 files and folders with text, mode and owner
      │  plan.py          compared with what is on disk
      ▼
Plan                      what would be done, as diffs; nothing is written here
      │  actions/set_up.py
      ▼
the disk
```
own     a file that begins with our header: written again whenever it differs, with a backup
once    a file that is somebody's to edit: written when missing, never touched again
secret  a token: made when missing, never read, shown or replaced
prefix  `--root DIR`: everything is looked up and written below DIR, while the files name the final paths
"""
