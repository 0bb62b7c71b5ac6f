"""Pure numerics on panels of candles: no Django, no IO, no clock."""
