"""What is added to the pages of the dashboard: a style that hides what can't work here, and the way to the start page.

The style names what the pages say of themselves (labels, ids of icons and plots), never generated class names, and a
page that changes shows at worst a button too many: the server refuses what it asks for all the same.
"""

from __future__ import annotations

STYLE_PATH = "/static/hpo.css"
SCRIPT_PATH = "/static/hpo.js"

_NEVER = (
    'button[aria-label="rename study"]',
    'button[aria-label="delete study"]',
    'button:has([data-testid="AddBoxIcon"])',  # create a study
    'button:has([data-testid="StopCircleIcon"])',  # make a running trial fail
    ".MuiGrid-item:has(> .MuiCard-root > .MuiCardContent-root > h6:only-child)",  # "Best Trials" without any
    ".MuiGrid-item:has(#graph-hyperparameter-importances .cartesianlayer):not(:has(.point))",  # drawn, and empty
)
_NOT_READ_ONLY = (
    'button:has([data-testid="EditIcon"])',  # edit a note
    '.MuiCard-root:has([data-testid="UploadFileIcon"])',
    'button[aria-label="delete artifact"]',
)

SCRIPT = """// The list of studies is the start page: it says what each of them found.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("a[href]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || !/^\\/(dashboard\\/?)?$/.test(to.pathname)) return;
  event.preventDefault();
  event.stopPropagation();
  location.assign("/");
}, true);
"""


def style(*, read_only: bool) -> str:
    """Return the style for the dashboard's pages."""
    hidden = (*_NEVER, *(_NOT_READ_ONLY if read_only else ()))
    return "\n".join(f"{selector} {{ display: none !important; }}" for selector in hidden) + "\n"


def with_additions(page: str) -> str:
    """Return a page of the dashboard that loads the style and the script; files, for its policy allows nothing else."""
    added = f'<link rel="stylesheet" href="{STYLE_PATH}"><script defer src="{SCRIPT_PATH}"></script>'
    return page.replace("</head>", f"{added}</head>", 1)
