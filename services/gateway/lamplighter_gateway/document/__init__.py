"""The API's document: every route with what it is asked, everything that it can answer, and examples."""
