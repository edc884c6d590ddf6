// The networks themselves. Input sizes: 224×224×3 for those of ImageNet (227 for the original AlexNet),
// 32×32×3 for those of CIFAR, 28×28×1 for LeNet-5; language models read tokens. Where torchvision has the
// model, layers with weights have its names.
extension Presets {
    static let texts: [(name: String, text: String)] =
        [
            ("lenet5", leNet5), ("alexnet", alexNet), ("alexnet_original", alexNetOriginal),
            ("alexnet_cifar", alexNetCIFAR),
            ("vgg11", vgg([[64], [128], [256, 256], [512, 512], [512, 512]])),
            ("vgg16", vgg([[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]])),
            ("googlenet", googLeNet), ("resnet18", resNet(blocks: [2, 2, 2, 2], basic)),
            ("resnet20", resNet20),
            ("resnet50", resNet(blocks: [3, 4, 6, 3], bottleneck)),
        ] + languageModels

    /// LeCun et al. 1998, http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf, with ReLU's predecessor tanh:
    /// 61,706 parameters for 10 classes.
    private static let leNet5 = """
        {parameters: {classes: 10}, layers: [
          {conv: 6, kernel: 5, padding: "same", activation: "tanh", name: "conv1"}, {average_pool: 2},
          {conv: 16, kernel: 5, padding: "valid", activation: "tanh", name: "conv2"}, {average_pool: 2},
          "flatten", {dense: 120, activation: "tanh", name: "fc1"}, {dense: 84, activation: "tanh",
            name: "fc2"},
          {dense: "$classes", name: "fc3"},
        ]}
        """

    /// torchvision's: Krizhevsky 2014, https://arxiv.org/abs/1404.5997: 61,100,840 parameters for 1,000
    /// classes.
    private static let alexNet = """
        {parameters: {classes: 1000}, layers: [
          {conv: 64, kernel: 11, stride: 4, padding: 2, activation: "relu", name: "features.0"},
            {max_pool: 3, stride: 2},
          {conv: 192, kernel: 5, padding: 2, activation: "relu", name: "features.3"}, {max_pool: 3,
            stride: 2},
          {conv: 384, kernel: 3, activation: "relu", name: "features.6"}, {conv: 256, kernel: 3,
            activation: "relu", name: "features.8"},
          {conv: 256, kernel: 3, activation: "relu", name: "features.10"}, {max_pool: 3, stride: 2},
          "flatten", {dropout: 0.5}, {dense: 4096, activation: "relu", name: "classifier.1"},
          {dropout: 0.5}, {dense: 4096, activation: "relu", name: "classifier.4"}, {dense: "$classes",
            name: "classifier.6"},
        ]}
        """

    /// Krizhevsky, Sutskever, Hinton 2012, on one device (no groups): 62,378,344 parameters for 1,000
    /// classes.
    private static let alexNetOriginal = """
        {parameters: {classes: 1000}, layers: [
          {conv: 96, kernel: 11, stride: 4, padding: "valid", activation: "relu", name: "conv1"},
            {max_pool: 3, stride: 2},
          {conv: 256, kernel: 5, activation: "relu", name: "conv2"}, {max_pool: 3, stride: 2},
          {conv: 384, kernel: 3, activation: "relu", name: "conv3"}, {conv: 384, kernel: 3,
            activation: "relu", name: "conv4"},
          {conv: 256, kernel: 3, activation: "relu", name: "conv5"}, {max_pool: 3, stride: 2},
          "flatten", {dense: 4096, activation: "relu", name: "fc6"}, {dropout: 0.5},
          {dense: 4096, activation: "relu", name: "fc7"}, {dropout: 0.5}, {dense: "$classes", name: "fc8"},
        ]}
        """

    /// The same idea for 32×32 pixels.
    private static let alexNetCIFAR = """
        {parameters: {classes: 10}, layers: [
          {conv: 64, kernel: 5, activation: "relu", name: "conv1"}, {max_pool: 3, stride: 2},
          {conv: 192, kernel: 5, activation: "relu", name: "conv2"}, {max_pool: 3, stride: 2},
          {conv: 384, kernel: 3, activation: "relu", name: "conv3"}, {conv: 256, kernel: 3,
            activation: "relu", name: "conv4"},
          {conv: 256, kernel: 3, activation: "relu", name: "conv5"}, {max_pool: 3, stride: 2},
          "flatten", {dropout: 0.5}, {dense: 1024, activation: "relu", name: "fc6"},
          {dropout: 0.5}, {dense: 512, activation: "relu", name: "fc7"}, {dense: "$classes", name: "fc8"},
        ]}
        """

    /// Simonyan and Zisserman, https://arxiv.org/abs/1409.1556: with 16 layers 138,357,544 parameters for
    /// 1,000 classes.
    private static func vgg(_ stages: [[Int]]) -> String {
        var (layers, index) = ([String](), 0)
        for stage in stages {
            for filters in stage {
                layers.append(
                    "{conv: \(filters), kernel: 3, activation: \"relu\", name: \"features.\(index)\"}")
                index += 2
            }
            layers.append("{max_pool: 2}")
            index += 1
        }
        return """
            {parameters: {classes: 1000}, layers: [
              \(layers.joined(separator: ", ")),
              "flatten", {dense: 4096, activation: "relu", name: "classifier.0"}, {dropout: 0.5},
              {dense: 4096, activation: "relu", name: "classifier.3"}, {dropout: 0.5}, {dense: "$classes",
                name: "classifier.6"},
            ]}
            """
    }

    /// The residual block of two 3×3 convolutions.
    private static let basic = """
        parameters: {filters: null, stride: 1}, layers: [{shortcut: "auto", activation: "relu", residual: [
          {conv: "$filters", kernel: 3, stride: "$stride", bias: false, init: "he_normal", name: "conv1"},
            {batch_norm: true, name: "bn1", activation: "relu"},
          {conv: "$filters", kernel: 3, bias: false, init: "he_normal", name: "conv2"}, {batch_norm: true,
            name: "bn2"},
        ]}]
        """

    /// The residual block with 1×1 convolutions around a 3×3 one.
    private static let bottleneck = """
        parameters: {filters: null, stride: 1}, layers: [{shortcut: "auto", activation: "relu", residual: [
          {conv: "$filters", kernel: 1, bias: false, init: "he_normal", name: "conv1"}, {batch_norm: true,
            name: "bn1", activation: "relu"},
          {conv: "$filters", kernel: 3, stride: "$stride", bias: false, init: "he_normal", name: "conv2"},
            {batch_norm: true, name: "bn2", activation: "relu"},
          {conv: "$filters * 4", kernel: 1, bias: false, init: "he_normal", name: "conv3"},
            {batch_norm: true, name: "bn3"},
        ]}]
        """

    /// He et al., https://arxiv.org/abs/1512.03385, with torchvision's names and strides: 11,689,512
    /// parameters with basic blocks (18 layers), 25,557,032 with bottlenecks (50 layers).
    private static func resNet(blocks: [Int], _ block: String) -> String {
        let stages = zip(blocks.indices, blocks).map { stage, count in
            let rest = (1..<count).map { "{use: \"block\", name: \"\($0)\", filters: \(64 << stage)}" }
            let first =
                "{use: \"block\", name: \"0\", filters: \(64 << stage), stride: \(stage == 0 ? 1 : 2)}"
            return "{name: \"layer\(stage + 1)\", block: [\(([first] + rest).joined(separator: ", "))]}"
        }
        return """
            {define: {block: {\(block)}}, parameters: {classes: 1000}, layers: [
              {conv: 64, kernel: 7, stride: 2, bias: false, init: "he_normal", name: "conv1"},
                {batch_norm: true, name: "bn1", activation: "relu"},
              {max_pool: 3, stride: 2, padding: 1},
              \(stages.joined(separator: ",\n  ")),
              "global_average_pool", {dense: "$classes", name: "fc"},
            ]}
            """
    }

    /// The same authors' network of 20 layers for CIFAR, with 1×1 convolutions where shapes change: 272,474 +
    /// 2,752 parameters for 10 classes.
    private static let resNet20 = """
        {define: {block: {\(basic)}}, parameters: {classes: 10}, layers: [
          {conv: 16, kernel: 3, bias: false, init: "he_normal", name: "conv1"}, {batch_norm: true,
            name: "bn1", activation: "relu"},
          {name: "layer1", block: [{use: "block", name: "0", filters: 16}, {use: "block", name: "1",
            filters: 16}, {use: "block", name: "2", filters: 16}]},
          {name: "layer2", block: [
            {use: "block", name: "0", filters: 32, stride: 2}, {use: "block", name: "1", filters: 32},
              {use: "block", name: "2", filters: 32}]},
          {name: "layer3", block: [
            {use: "block", name: "0", filters: 64, stride: 2}, {use: "block", name: "1", filters: 64},
              {use: "block", name: "2", filters: 64}]},
          "global_average_pool", {dense: "$classes", name: "fc"},
        ]}
        """

    /// Szegedy et al., https://arxiv.org/abs/1409.4842, as torchvision has it: batch norm, 3×3 for 5×5, no
    /// auxiliary heads; 6,624,904 parameters for 1,000 classes. Pools that round up are padded below and to
    /// the right.
    private static let googLeNet = """
        {define: {
          unit: {parameters: {filters: null, kernel: 1, stride: 1}, layers: [
            {conv: "$filters", kernel: "$kernel", stride: "$stride", bias: false, init: "he_normal",
              name: "conv"},
            {batch_norm: {epsilon: 1e-3}, name: "bn", activation: "relu"}]},
          inception: {parameters: {one: null, reduce3: null, three: null, reduce5: null, five: null,
            pool: null}, layers: [{branches: [
            [{use: "unit", name: "branch1", filters: "$one"}],
            [{name: "branch2", block: [{use: "unit", name: "0", filters: "$reduce3"}, {use: "unit",
              name: "1", filters: "$three", kernel: 3}]}],
            [{name: "branch3", block: [{use: "unit", name: "0", filters: "$reduce5"}, {use: "unit",
              name: "1", filters: "$five", kernel: 3}]}],
            [{name: "branch4", block: [{max_pool: 3, stride: 1, padding: 1}, {use: "unit", name: "1",
              filters: "$pool"}]}],
          ]}]},
        }, parameters: {classes: 1000}, layers: [
          {use: "unit", name: "conv1", filters: 64, kernel: 7, stride: 2}, {max_pool: 3, stride: 2,
            padding: {bottom: 1, right: 1}},
          {use: "unit", name: "conv2", filters: 64}, {use: "unit", name: "conv3", filters: 192, kernel: 3},
          {max_pool: 3, stride: 2, padding: {bottom: 1, right: 1}},
          {use: "inception", name: "inception3a", one: 64, reduce3: 96, three: 128, reduce5: 16, five: 32,
            pool: 32},
          {use: "inception", name: "inception3b", one: 128, reduce3: 128, three: 192, reduce5: 32,
            five: 96, pool: 64},
          {max_pool: 3, stride: 2, padding: {bottom: 1, right: 1}},
          {use: "inception", name: "inception4a", one: 192, reduce3: 96, three: 208, reduce5: 16, five: 48,
            pool: 64},
          {use: "inception", name: "inception4b", one: 160, reduce3: 112, three: 224, reduce5: 24,
            five: 64, pool: 64},
          {use: "inception", name: "inception4c", one: 128, reduce3: 128, three: 256, reduce5: 24,
            five: 64, pool: 64},
          {use: "inception", name: "inception4d", one: 112, reduce3: 144, three: 288, reduce5: 32,
            five: 64, pool: 64},
          {use: "inception", name: "inception4e", one: 256, reduce3: 160, three: 320, reduce5: 32,
            five: 128, pool: 128},
          {max_pool: 2},
          {use: "inception", name: "inception5a", one: 256, reduce3: 160, three: 320, reduce5: 32,
            five: 128, pool: 128},
          {use: "inception", name: "inception5b", one: 384, reduce3: 192, three: 384, reduce5: 48,
            five: 128, pool: 128},
          "global_average_pool", {dropout: 0.2}, {dense: "$classes", name: "fc"},
        ]}
        """
}
