"""Devices: their ways in, codecs, life cycle and health, whatever radio, protocol or supplier."""
