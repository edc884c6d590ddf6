import HTTP
import Synchronization
import System
import Telemetry
import Threads
import Transport

/// The server of a run's page: `/` (the page), `/events` (its changes), `/metrics` (for Prometheus),
/// `/healthz` and `/readyz`. Nothing can be changed through it.
///
/// It has threads of its own, and takes nothing from the coordinator but a lock for the moment of a copy.
package final class PageServer: Sendable {
    /// Seconds for which the text of a page or of the metrics is given to further clients.
    private static let shelfLife = 0.5

    private let server: HTTPServer
    private let access: PageAccess
    private let feed: PageFeed

    /// Binds the address and starts to serve.
    ///
    /// - Parameters:
    ///   - key: lets people and programs in.
    ///   - program: the program's name and version.
    /// - Throws: `TransportError` if the address cannot be bound; `ThreadError`.
    package init(_ page: LivePage, at endpoint: Endpoint, key: String, program: String) throws {
        let feed = PageFeed(page)
        let routes = PageRoutes(page, feed, program: program, shelfLife: Self.shelfLife)
        server = try HTTPServer(endpoint, name: "page") { routes.answer($0) }
        access = PageAccess(key: key, endpoint: endpoint, address: server.address)
        self.feed = feed
        routes.setAccess(access)
        try feed.start()
        do { try server.start() } catch {
            feed.end()
            throw error
        }
    }

    /// The address without the key: `http://127.0.0.1:40123/`.
    package var address: String { access.origin + "/" }
    /// The link that lets a person in. It is for terminals and files of mode 0600, and for no log.
    package var link: String { access.link }
    package var isLoopback: Bool { server.address.isLoopback }
    package var port: UInt16 { server.address.port }

    /// Tells viewers that the run has ended, and ends the server within a moment.
    package func end() {
        feed.end()
        server.stop()
    }
}
