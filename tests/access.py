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
    response = Axe().run(page, context=context).response
    looked = sum(len(rule["nodes"]) for rule in response["passes"])
    assert looked > 10, (
        f"axe-core looked at {looked} elements of {within or 'the page'}"
    )  # where nothing is, nothing is wrong
    found = response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {' | '.join(node['html'][:160] for node in fault['nodes'][:4])}"
        for fault in found
        if fault["impact"] in GRAVE
    ]
