"""The journal on disk: segment files of facts, written before anything is done about them."""
