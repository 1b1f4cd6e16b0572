"""Pictures of drawings: a `grid` of them, or one that moves (`animation`), on a `page` written as SVG, PNG or PDF; and
pictures about drawings: an `atlas` of codes, a `contact_sheet` of a data set, the `mixture_plot` of one step."""
