#include "CPages.h"

static const uint8_t html[] = {
#embed "page/page.html"
};

static const uint8_t css[] = {
#embed "page/page.css"
};

// One script, in the order of these files.
static const uint8_t js[] = {
#embed "page/basics.js"
    ,
#embed "page/marks.js"
    ,
#embed "page/chart.js"
    ,
#embed "page/chart+series.js"
    ,
#embed "page/chart+pointer.js"
    ,
#embed "page/curves.js"
    ,
#embed "page/tables.js"
    ,
#embed "page/plots.js"
    ,
#embed "page/confusion.js"
    ,
#embed "page/timeline.js"
    ,
#embed "page/header.js"
    ,
#embed "page/run.js"
    ,
#embed "page/phases.js"
    ,
#embed "page/log.js"
    ,
#embed "page/page.js"
    ,
#embed "page/comparison.js"
    ,
#embed "page/live.js"
};

const uint8_t *cpages_html(void) { return html; }
size_t cpages_html_count(void) { return sizeof html; }
const uint8_t *cpages_css(void) { return css; }
size_t cpages_css_count(void) { return sizeof css; }
const uint8_t *cpages_js(void) { return js; }
size_t cpages_js_count(void) { return sizeof js; }

static const uint8_t try_html[] = {
#embed "try/try.html"
};

static const uint8_t try_css[] = {
#embed "try/try.css"
};

static const uint8_t try_js[] = {
#embed "try/try.js"
};

const uint8_t *cpages_try_html(void) { return try_html; }
size_t cpages_try_html_count(void) { return sizeof try_html; }
const uint8_t *cpages_try_css(void) { return try_css; }
size_t cpages_try_css_count(void) { return sizeof try_css; }
const uint8_t *cpages_try_js(void) { return try_js; }
size_t cpages_try_js_count(void) { return sizeof try_js; }
