"""What is not done with anybody's data: each line beside the test that proves it."""

from dataclasses import dataclass

from plugin.language import sentence


@dataclass(frozen=True, slots=True)
class Promise:
    """A line of the panel; ``proof`` is the test, as ``file::name``, that fails when it is broken."""

    text: str
    proof: str


PROMISES = (
    Promise(
        sentence(
            "Dankbar asks for no customer's name, street address, e-mail address or telephone number, and keeps none."
        ),
        "tests/architecture/test_one_truth.py::test_nothing_asked_of_shopify_names_or_locates_anybody",
    ),
    Promise(
        sentence("Dankbar asks nobody but this shop and Shopify for anything while a page is shown."),
        "tests/e2e/test_my_data.py::test_no_widget_on_any_surface_asks_anybody_but_the_shop_and_the_app",
    ),
    Promise(
        sentence(
            "Dankbar sets no cookie. Country and postal code that you enter for a delivery are remembered by your browser alone."
        ),
        "tests/e2e/test_delivery.py::test_a_visitor_chooses_where_it_goes_and_keeps_the_choice_to_the_browser",
    ),
    Promise(
        sentence("Dankbar does not record what is looked at in the shop, and makes no profile of it."),
        "tests/integration/trust/test_panel.py::test_looking_at_pages_writes_nothing_down",
    ),
    Promise(
        sentence("What was erased does not come back, however late a message about it arrives."),
        "tests/integration/privacy/test_any_order.py::test_sums_stay_right_and_ids_gone",
    ),
)
