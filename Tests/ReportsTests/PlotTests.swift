import Configuration
import Reports
import Testing

/// Plots have the form that the page's script draws.
@Suite struct PlotTests {
    private func json(_ content: Plot.Content) -> String {
        Plot(.evaluation, "T", note: "n", alt: "a", content).value.compactJSON()
    }

    private let head = #""section":"evaluation","title":"T","note":"n","alt":"a""#

    @Test func confusion() {
        #expect(
            json(.confusion(classes: ["a", "b"], counts: [[3, 1], [0, 2]]))
                == #"{"kind":"confusion",\#(head),"classes":["a","b"],"counts":[[3,1],[0,2]]}"#)
    }

    @Test func lines() {
        let series = [Plot.Series("s", x: [0, 0.5], y: [1, .nan], draw: .bars)]
        #expect(
            json(.lines(x: Plot.Axis("x", unit: "s"), y: Plot.Axis("y", 0...1), series, diagonal: true))
                == #"{"kind":"lines",\#(head),"x":{"label":"x","unit":"s","min":null,"max":null},"#
                + #""y":{"label":"y","unit":"","min":0,"max":1},"#
                + #""series":[{"name":"s","x":[0,0.5],"y":[1,null],"draw":"bars"}],"diagonal":true}"#)
    }

    @Test func scatterAndHistogram() {
        let axis = #"{"label":"x","unit":"","min":null,"max":null}"#
        let groups = [Plot.Series("g", x: [1], y: [2], draw: .dots)]
        #expect(
            json(.scatter(x: Plot.Axis("x"), y: Plot.Axis("x"), groups))
                == #"{"kind":"scatter",\#(head),"x":\#(axis),"y":\#(axis),"#
                + #""groups":[{"name":"g","x":[1],"y":[2]}],"diagonal":false}"#)
        #expect(
            json(.histogram(x: Plot.Axis("x"), edges: [0, 1, 2.5], counts: [4, 0]))
                == #"{"kind":"histogram",\#(head),"x":\#(axis),"edges":[0,1,2.5],"counts":[4,0]}"#)
    }

    @Test func tableImagesAndText() {
        let columns = [Plot.Column("c", isNumber: false), Plot.Column("d", unit: "%")]
        #expect(
            json(.table(columns, rows: [[.text("=cmd|x"), .number(1.5)], [.none, .optional(nil)]]))
                == #"{"kind":"table",\#(head),"columns":[{"name":"c","align":"left","unit":""},"#
                + #"{"name":"d","align":"right","unit":"%"}],"rows":[["=cmd|x",1.5],[null,null]]}"#)
        #expect(
            json(.images([Plot.Picture(png: [1, 2, 3], caption: "c", alt: "a")]))
                == #"{"kind":"images",\#(head),"items":[{"src":"data:image/png;base64,AQID","#
                + #""caption":"c","alt":"a"}]}"#)
        #expect(json(.text("t")) == #"{"kind":"text",\#(head),"text":"t"}"#)
    }

    @Test func thinningKeepsItsEnds() {
        #expect(Thinning.places(5, most: 10) == [0, 1, 2, 3, 4])
        #expect(Thinning.places(10, most: 4) == [0, 2, 5, 7])
        let places = Thinning.curve(1_001, most: 11)
        #expect(places == stride(from: 0, through: 1_000, by: 100).map { $0 })
    }
}
