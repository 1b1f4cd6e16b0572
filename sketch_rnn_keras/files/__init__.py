"""Files: written in one step (`writing`), read without trust (`reading`), fetched (`fetching`: several over HTTP by
`transfer`) and remembered (`records`: what a download was, so that later damage is found)."""
