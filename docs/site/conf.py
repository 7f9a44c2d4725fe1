"""The configuration of Sphinx. `docs.site.build` uses it, from the root of the repository."""

from typing import Any

from docs.site import api, django_project, docstrings, navigation, repository_links

django_project.set_up()

project = "Towpath"
author = "Towpath contributors"
copyright = "Towpath contributors"
html_title = "Towpath"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinxarg.ext"]
exclude_patterns = ["site", "serve"]

myst_heading_anchors = 4
#: Code without a language, and text in single backticks in a docstring.
highlight_language = "none"
default_role = "code"

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
maximum_signature_line_length = 100
napoleon_numpy_docstring = False

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["towpath.css"]
html_favicon = "static/favicon.svg"
html_copy_source = False
html_show_sphinx = False


def setup(app: Any) -> None:
    """Connect what changes the pages before Sphinx reads them."""
    for part in (api, docstrings, navigation, repository_links):
        part.connect(app)
