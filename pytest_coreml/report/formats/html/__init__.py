"""A page to look at: one HTML file of one or several reports, which works offline and without JavaScript.

`html_page` puts it together: `page_view` makes what the template shows, with `test_view` for each test, `plan_view`
for its layers, `call_strip` for the distribution of its calls, and `trend_view` for several reports.
`packed_data` holds what only the script reads: single calls and operations, compressed.

Charts are drawn by Chartist, which is embedded: it makes SVG, which style sheets color in light and dark, and has
38 kB, where the charting libraries for Python write 10 kB and more for each chart. What a chart shows is also in a
table or in a strip, which need no script.
"""
