import HTTP
import Testing

@Suite struct ConnectionBudgetTests {
    private func evicted(_ connections: (ConnectionBudget.Worth, Double)...) -> Int? {
        ConnectionBudget.evicted(of: connections.map { (worth: $0.0, since: $0.1) })
    }

    /// Every kind goes before those that have done more for their place.
    @Test func theLeastWorthGoesFirst() {
        let kinds = ConnectionBudget.Worth.allCases
        for (less, more) in zip(kinds, kinds.dropFirst()) {
            #expect(evicted((more, 1), (less, 2)) == 1)
            #expect(evicted((less, 2), (more, 1)) == 0)
        }
    }

    @Test func theOldestOfItsKindGoes() {
        #expect(evicted((.silent, 3), (.silent, 1), (.silent, 2)) == 1)
        #expect(evicted((.idle, 2), (.idle, 2)) == 0)
    }

    @Test func streamsStay() {
        #expect(evicted((.streaming, 0), (.handled, 9), (.streaming, 1)) == 1)
        #expect(evicted((.streaming, 0), (.streaming, 1)) == nil)
        #expect(evicted() == nil)
    }
}
