// The page that shows a run: its frame, its style and the script that draws it (page/).
#pragma once
#include <stddef.h>
#include <stdint.h>

const uint8_t *cpages_html(void);
size_t cpages_html_count(void);
const uint8_t *cpages_css(void);
size_t cpages_css_count(void);
const uint8_t *cpages_js(void);
size_t cpages_js_count(void);

// The page on which a person tries a served model (try.html, try.css, try.js).
const uint8_t *cpages_try_html(void);
size_t cpages_try_html_count(void);
const uint8_t *cpages_try_css(void);
size_t cpages_try_css_count(void);
const uint8_t *cpages_try_js(void);
size_t cpages_try_js_count(void);
