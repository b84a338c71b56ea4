//! The shop itself: records, baskets and orders. Knows nothing of HTTP.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Baskets that may be open at once; the oldest customers are not thrown out for new ones.
const MAX_BASKETS: usize = 10_000;
/// Lines a basket may hold.
const MAX_LINES: usize = 100;

/// A record, or a box set of records, that is for sale.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// The shop's number for it.
    pub sku: String,
    pub artist: String,
    pub title: String,
    pub price_cents: u64,
    /// The records in a box set; empty for a single record.
    #[serde(default)]
    pub contains: Vec<String>,
}

/// One record in a basket. A box set's price is on its own line, its contents cost nothing more.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub sku: String,
    pub price_cents: u64,
}

/// Most baskets hold few lines, so they live without an allocation of their own.
type Basket = SmallVec<[Line; 4]>;

/// What a customer cannot do.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    NoSuchBasket,
    NoSuchRecord,
    EmptyBasket,
    Full,
}

/// An order that was placed.
#[derive(Debug, Serialize)]
pub struct Order {
    pub order: u64,
    pub lines: Vec<Line>,
    pub total_cents: u64,
}

/// The catalogue and every open basket.
pub struct Shop {
    records: Vec<Record>,
    baskets: HashMap<u64, Basket>,
    last_id: u64,
}

impl Shop {
    /// A shop that sells the catalogue it was built with.
    pub fn open() -> Result<Self, serde_json::Error> {
        let records = serde_json::from_str(include_str!("catalogue.json"))?;
        Ok(Self { records, baskets: HashMap::new(), last_id: 0 })
    }

    /// Everything that is for sale.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Opens an empty basket.
    pub fn new_basket(&mut self) -> Result<u64, Refusal> {
        if self.baskets.len() >= MAX_BASKETS {
            return Err(Refusal::Full);
        }
        let id = self.next_id();
        self.baskets.insert(id, Basket::new());
        Ok(id)
    }

    /// The lines of a basket.
    pub fn basket(&self, id: u64) -> Result<&[Line], Refusal> {
        self.baskets.get(&id).map(SmallVec::as_slice).ok_or(Refusal::NoSuchBasket)
    }

    /// Puts a record into a basket; a box set brings its records with it, right after its own line.
    /// What was chosen last stands first.
    pub fn put(&mut self, id: u64, sku: &str) -> Result<(), Refusal> {
        let basket = self.baskets.get_mut(&id).ok_or(Refusal::NoSuchBasket)?;
        let record = self.records.iter().find(|record| record.sku == sku).ok_or(Refusal::NoSuchRecord)?;
        if basket.len() + 1 + record.contains.len() > MAX_LINES {
            return Err(Refusal::Full);
        }
        let contents = record.contains.iter().map(|sku| Line { sku: sku.clone(), price_cents: 0 });
        basket.insert(0, Line { sku: record.sku.clone(), price_cents: record.price_cents });
        basket.insert_many(1, contents);
        Ok(())
    }

    /// Orders what is in a basket and takes the basket away.
    pub fn order(&mut self, id: u64) -> Result<Order, Refusal> {
        if self.basket(id)?.is_empty() {
            return Err(Refusal::EmptyBasket);
        }
        let lines = self.baskets.remove(&id).ok_or(Refusal::NoSuchBasket)?.into_vec();
        let total_cents = lines.iter().map(|line| line.price_cents).sum();
        Ok(Order { order: self.next_id(), lines, total_cents })
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Shop};

    #[test]
    fn a_box_set_brings_its_records_and_is_paid_once() {
        let mut shop = Shop::open().unwrap();
        let basket = shop.new_basket().unwrap();
        shop.put(basket, "ep-004").unwrap();
        shop.put(basket, "box-005").unwrap();
        let skus: Vec<_> = shop.basket(basket).unwrap().iter().map(|line| line.sku.clone()).collect();
        assert_eq!(skus, ["box-005", "lp-001", "lp-002", "ep-004"]);
        assert_eq!(shop.order(basket).unwrap().total_cents, 3990 + 1290);
        assert_eq!(shop.order(basket).unwrap_err(), Refusal::NoSuchBasket);
    }

    #[test]
    fn a_basket_has_its_bounds() {
        let mut shop = Shop::open().unwrap();
        let basket = shop.new_basket().unwrap();
        assert_eq!(shop.order(basket).unwrap_err(), Refusal::EmptyBasket);
        assert_eq!(shop.put(basket, "lp-999"), Err(Refusal::NoSuchRecord));
        assert_eq!((0..101).find_map(|_| shop.put(basket, "lp-001").err()), Some(Refusal::Full));
    }
}
