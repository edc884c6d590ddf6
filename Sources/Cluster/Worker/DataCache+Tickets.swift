import Datasets

extension DataCache {
    /// Returns the data set of a ticket. `fetch` is called if there is no valid file.
    package func dataset(_ ticket: DatasetTicket, fetch: () throws -> [UInt8]) throws -> Dataset {
        try dataset(Name(hash: ticket.hash, byteCount: ticket.byteCount), fetch: fetch)
    }
}
