"""Models of other implementations: the original's variables and checkpoints (`magenta`), the files of sketch-rnn-js
(`sketch_js`; their outer form: `js_format`), and the download of those that are `published`."""
