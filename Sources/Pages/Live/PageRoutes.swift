import HTTP
import Synchronization
import System
import Telemetry

/// The answers of a page's server. On the server's thread.
final class PageRoutes: Sendable {
    private let page: LivePage
    private let feed: PageFeed
    private let program: String
    private let access = Mutex<PageAccess?>(nil)
    private let html: ShortLivedText
    private let metrics: ShortLivedText

    init(_ page: LivePage, _ feed: PageFeed, program: String, shelfLife: Double) {
        self.page = page
        self.feed = feed
        self.program = program
        html = ShortLivedText(seconds: shelfLife)
        metrics = ShortLivedText(seconds: shelfLife)
    }

    /// The rule of who may look. Before it is known, nobody may.
    func setAccess(_ rule: PageAccess) { access.withLock { $0 = rule } }

    func answer(_ exchange: HTTPExchange) {
        let request = exchange.request
        let isOpenToAll = request.path == "/healthz" || request.path == "/readyz"
        if !isOpenToAll {
            guard let access = access.withLock({ $0 }) else { return exchange.respond(.notFound) }
            if let refusal = access.answer(to: request) { return exchange.respond(refusal) }
        }
        guard request.method == .get || request.method == .head else {
            return exchange.respond(.notAllowed("GET"))
        }
        switch request.path {
        case "/":
            exchange.respond(
                .html(html.text(pageText), contentSecurityPolicy: PageFile.policy(connects: true)))
        case "/events": exchange.openStream().map(feed.add)
        case "/metrics":
            exchange.respond(.of(RunMetrics.contentType, metrics.text(metricsText)))
        case "/healthz": exchange.respond(.text(state.rawValue + "\n"))
        case "/readyz":
            let state = state
            exchange.respond(.text(state.rawValue + "\n", status: state.isOver ? 503 : 200))
        default: exchange.respond(.notFound)
        }
    }

    private var state: RunOverview.State { page.document.overview.state }

    private func pageText() -> String {
        let (document, now) = (page.document, Clock.wallSeconds())
        return PageFile.html(
            title: document.facts.name,
            document: PageDocument.value(.live, program: program, made: now, runs: [document.value(at: now)]),
            connects: true)
    }

    private func metricsText() -> String {
        var document = page.document
        document.dropped.append((sink: "page", count: feed.dropped))
        return RunMetrics.text(document, program: program, at: Clock.wallSeconds())
    }
}
