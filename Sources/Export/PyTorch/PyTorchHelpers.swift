// The classes and functions that `model.py` has of its own.
extension PyTorchLayers.Helper {
    /// The source text.
    var text: String {
        switch self {
        case .block:
            """

            class Block(nn.Module):
                \"\"\"Holds layers under the names that they have in the file of weights.\"\"\"

                def __getitem__(self, index):
                    return self._modules[str(index)]
            """
        case .layerNorm:
            """

            class LayerNorm(nn.Module):
                \"\"\"Normalises the channels of each position by themselves.\"\"\"

                def __init__(self, channels, eps, scale, shift, axis=1):
                    super().__init__()
                    self.weight = nn.Parameter(torch.ones(channels)) if scale else None
                    self.bias = nn.Parameter(torch.zeros(channels)) if shift else None
                    self.eps = eps
                    self.axis = axis

                def forward(self, x):
                    x = x.movedim(self.axis, -1)
                    x = F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)
                    return x.movedim(-1, self.axis)
            """
        case .rmsNorm:
            """

            class RMSNorm(nn.Module):
                \"\"\"Divides the channels of each position by their root mean square.\"\"\"

                def __init__(self, channels, eps, scale, axis=1):
                    super().__init__()
                    self.weight = nn.Parameter(torch.ones(channels)) if scale else None
                    self.eps = eps
                    self.axis = axis

                def forward(self, x):
                    x = x.movedim(self.axis, -1)
                    x = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)
                    return (x if self.weight is None else x * self.weight).movedim(-1, self.axis)
            """
        case .gated:
            """

            def gated(x, function, axis=1):
                \"\"\"Multiplies one half of the channels by a function of the other, the first.\"\"\"
                gates, values = x.chunk(2, axis)
                return function(gates) * values
            """
        case .rotary:
            """

            def rotary(x, heads, head_width, width, base):
                \"\"\"Turns values of the first heads by angles that grow with the position.\"\"\"
                exponents = torch.arange(0, width, 2, dtype=torch.float64, device=x.device) / width
                places = torch.arange(x.shape[1], dtype=torch.float64, device=x.device)
                angles = places[:, None, None] / base**exponents
                cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
                turned, rest = x.tensor_split([heads * head_width], -1)
                parts = [width // 2, width // 2, head_width - width]
                a, b, same = turned.unflatten(-1, (heads, head_width)).split(parts, -1)
                turned = torch.cat([a * cosines - b * sines, b * cosines + a * sines, same], -1)
                return torch.cat([turned.flatten(2), rest], -1)
            """
        case .attention:
            """

            def attention(x, heads, kv_heads, causal=False, mask=None):
                \"\"\"Mixes the positions, whose rows have queries, keys and values side by side.\"\"\"
                x = x.unflatten(-1, (heads + 2 * kv_heads, -1)).transpose(1, 2)
                q, k, v = x.split([heads, kv_heads, kv_heads], 1)
                k, v = (part.repeat_interleave(heads // kv_heads, 1) for part in (k, v))
                x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
                return x.transpose(1, 2).flatten(2)
            """
        case .recurrent:
            """

            def recurrent(layers, x, lengths=None, last=False):
                \"\"\"Returns the outputs at all positions, or those behind each direction's last step.\"\"\"
                if lengths is None:
                    outputs, state = layers(x)
                else:
                    packed = nn.utils.rnn.pack_padded_sequence(
                        x, lengths.cpu(), batch_first=True, enforce_sorted=False)
                    outputs, state = layers(packed)
                    outputs, _ = nn.utils.rnn.pad_packed_sequence(
                        outputs, batch_first=True, total_length=x.shape[1])
                if not last:
                    return outputs
                state = state[0] if isinstance(state, tuple) else state
                return torch.cat([*state[-2 if layers.bidirectional else -1 :]], 1)
            """
        case .whitening:
            """

            class Whitening(nn.Module):
                \"\"\"Takes the mean and the correlations of the training set out of a sample.\"\"\"

                def __init__(self, features, components, shape):
                    super().__init__()
                    self.register_buffer("mean", torch.zeros(features))
                    self.register_buffer("matrix", torch.zeros(features, components))
                    self.shape = shape

                def forward(self, x):
                    return ((x.flatten(1) - self.mean) @ self.matrix).reshape(-1, *self.shape)
            """
        }
    }
}
