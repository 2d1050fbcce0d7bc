"""Names in a page's address, run from a script as the router does."""

from streamlit.testing.v1 import AppTest

from ui.shell.address import page_title


def script():
    import streamlit as st

    from ui.shell.address import enter_page, shown_names, take_name, unknown_names

    page = st.session_state.get("page", "first")
    enter_page(page)
    names = st.session_state.get("names", ["*a*", "b", "c", "d", "e", "f", "g", "h"])
    take_name("dataset", names, "dataset", of_all=st.session_state.get("of_all", False))
    st.selectbox("Dataset", names, key="dataset", bind="query-params", persist_state="session")
    for text in unknown_names():
        st.warning(text)
    st.caption(" ".join(shown_names()))


def opened(**address):
    test = AppTest.from_function(script)
    test.query_params.update(address)
    return test.run()


def test_a_known_name_is_taken():
    test = opened(dataset="b")
    assert test.selectbox[0].value == "b"
    assert not test.warning
    assert test.caption[0].value == "b"


def test_an_unknown_name_is_said_until_another_is_chosen():
    test = opened(dataset="[x](y)")
    for _ in range(2):  # Streamlit has taken it from the address by then
        assert len(test.warning) == 1
        text = test.warning[0].value
        assert "the dataset “\\[x\\]\\(y\\)”, which is not there" in text
        assert "There is: \\*a\\*, b, c, d, e, f and 2 more." in text
        assert "Shown is “\\*a\\*”." in text
        test.run()
    test.selectbox[0].select("b").run()
    assert not test.warning
    test.selectbox[0].select("*a*").run()
    assert not test.warning


def test_it_is_not_said_on_another_page():
    test = opened(dataset="gone")
    test.session_state["page"] = "second"
    assert not test.run().warning


def test_an_address_that_asks_for_the_first_gets_it_over_what_was_chosen_before():
    """Streamlit takes a widget's first choice in an address for none."""
    test = opened()
    test.selectbox[0].select("c").run()
    test.session_state["page"] = "second"
    test.query_params["dataset"] = "*a*"
    assert test.run().selectbox[0].value == "*a*"


def test_a_choice_that_is_gone_is_forgotten():
    test = opened()
    test.selectbox[0].select("c").run()
    test.session_state["names"] = ["a", "b"]
    assert test.run().selectbox[0].value == "a"
    assert test.selectbox[0].proto.set_value  # or the browser would show the old one still
    assert not test.warning  # it may hang on another choice
    assert not test.exception


def test_a_choice_of_all_there_are_that_is_gone_is_said():
    test = opened()
    test.session_state["of_all"] = True
    test.run().selectbox[0].select("c").run()
    test.session_state["names"] = ["a", "b"]
    for _ in range(2):
        test.run()
        assert "The dataset “c”, which was chosen before, is not there any more." in (
            test.warning[0].value
        )
        assert "Shown is “a”" in test.warning[0].value
    test.selectbox[0].select("b").run()
    assert not test.warning


def test_the_title_of_the_tab():
    assert page_title("Data", ["demo", "tile 1"]) == "Data · demo · tile 1 – DeepSpaceImaging"
    assert page_title("Overview") == "Overview – DeepSpaceImaging"
