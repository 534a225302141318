"""What axe-core finds wrong with a page for people who use a keyboard or a screen reader."""

from axe_playwright_python.sync_playwright import Axe

#: Levels of faults that no page may have.
GRAVE = ("serious", "critical")


def faults(page: object, *, within: str | None = None) -> list[str]:
    """The serious and critical faults of a page of Playwright's, each with the elements it is about.

    Args:
        page: that is open.
        within: selector of the part that is looked at; all of it without one.
    """
    context = {"include": [[within]]} if within else None
    found = Axe().run(page, context=context).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {' | '.join(node['html'][:160] for node in fault['nodes'][:4])}"
        for fault in found
        if fault["impact"] in GRAVE
    ]
